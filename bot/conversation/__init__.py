"""What readers say, and what they are answered."""
