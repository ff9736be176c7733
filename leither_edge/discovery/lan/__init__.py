"""Nodes of the own network by DNS-SD (RFC 6762, 6763): each says `<its key>._leither._tcp.local` to whoever asks by multicast."""
