"""The file, its tables and their history."""
