"""The IPFS gateway: blocks and CAR files that anybody can check, and files as a browser wants them."""
