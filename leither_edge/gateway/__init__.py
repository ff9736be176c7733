"""The content store over HTTP: an IPFS gateway, files, and the procedures of JSON-RPC."""
