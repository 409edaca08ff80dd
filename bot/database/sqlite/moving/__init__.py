"""A ledger is moved from its file to a PostgreSQL server: all of it, or nothing."""
