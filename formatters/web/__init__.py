"""Messages as HTML: what a platform would show for the arguments of its send call, safe to put into any page."""
