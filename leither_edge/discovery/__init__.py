"""Floor 5: where a node or a provider is found: address book, DHT, the own network."""
