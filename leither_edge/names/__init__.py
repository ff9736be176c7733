"""Names that are keys: signed DNS packets in the DHT, and a small DNS server that answers them."""
