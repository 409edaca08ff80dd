"""Show what would be sent: in a terminal, in a browser, in a file."""
