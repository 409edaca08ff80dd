"""Feeds: RSS, Atom and JSON Feed, whose entries are posts or papers."""
