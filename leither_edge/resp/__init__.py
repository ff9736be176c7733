"""The Redis protocol over the databases of the content store."""
