"""The page that verifies a receipt of the ledger, as one file that needs no network."""

# Its name among the built static files.
RECEIPT_PAGE = "receipt.html"
