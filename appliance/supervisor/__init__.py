"""The one program of ours that runs as root: starts, bounds, watches and restarts the node. Standard library only."""
