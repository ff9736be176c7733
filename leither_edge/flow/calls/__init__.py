"""What people and programs ask of a node about others."""
