"""Sources of digests, a module per kind."""
