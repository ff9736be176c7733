"""JSON-RPC 2.0: the procedures of the content store under the names of the original system's interface."""
