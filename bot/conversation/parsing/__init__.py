"""What readers type, read."""
