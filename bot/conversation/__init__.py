"""The lines that readers send, and the answers to them."""
