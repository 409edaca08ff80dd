"""The body of a post to papers."""
