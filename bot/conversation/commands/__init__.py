"""The commands, a module per family."""
