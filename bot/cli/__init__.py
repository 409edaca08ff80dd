"""The commands an operator types at a shell."""
