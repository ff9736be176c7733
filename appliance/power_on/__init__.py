"""What is done once at every start, as root, before the supervisor: file systems, the card's growth, memory, clock, randomness."""
