"""Commands to try it and to set it up."""
