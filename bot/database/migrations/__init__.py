"""The ledger's history, applied by Alembic when the ledger is opened."""
