"""HTML of a page as the Markdown from which it could have been made."""
