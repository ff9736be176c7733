"""The device's process: the node with its setup portal and its signed commands, as the supervisor starts it."""
