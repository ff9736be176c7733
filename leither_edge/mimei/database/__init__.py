"""A database with Redis's semantics in rows of LMDB: one core for RESP, JSON-RPC and the command line."""
