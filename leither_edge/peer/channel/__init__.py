"""What happens on one connection, without I/O."""
