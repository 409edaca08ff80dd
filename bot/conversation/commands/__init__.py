"""A module per family of commands."""
