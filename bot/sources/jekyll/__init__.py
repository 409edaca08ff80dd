"""Reading of Jekyll posts."""
