"""What a digest is and how it reads: pure, without I/O, clock or settings."""
