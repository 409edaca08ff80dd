"""Pages for a browser, made on the server: whoever has no script sees the same."""
