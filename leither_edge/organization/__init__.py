"""What people do with an organization's book: found it, keep it, move points, hand out receipts."""
