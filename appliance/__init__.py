"""What turns a node into a device a person owns: supervisor, setup portal, signed commands, board."""
