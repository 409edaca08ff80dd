"""What the ledger holds: its archive, filled from the past, listed, and written as files; and all of it, moved."""
