"""Labels of content (CIDs) and the forms of what they name: raw, dag-pb with UnixFS, DAG-CBOR, and CAR files of them."""
