"""What the archive holds: filled from the past, listed, and written as files."""
