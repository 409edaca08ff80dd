"""The statements of the ledger, as functions and constants: what runs them stands above."""
