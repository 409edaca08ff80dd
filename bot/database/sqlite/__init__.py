"""The ledger as a file of SQLite."""
