"""Sources that are read from the web, and the one way there."""
