"""Read posts: Markdown files that hold a digest of papers."""
