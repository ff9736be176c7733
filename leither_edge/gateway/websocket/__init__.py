"""WebSocket (RFC 6455): frames without I/O, and the one edge that carries messages over an upgraded connection."""
