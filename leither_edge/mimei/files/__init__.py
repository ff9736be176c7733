"""Files and folders as UnixFS: labels, reading, changing."""
