"""Where digests come from: a module per kind of source."""
