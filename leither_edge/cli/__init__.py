"""The command line of Leither Edge: keys, devices and signed commands, from a laptop."""
