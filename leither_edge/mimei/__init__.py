"""Content with an id that never changes, numbered versions, rights, and data: a file, a file system, a database or a stream."""
