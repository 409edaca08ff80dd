"""Jekyll posts, read."""
