"""What a digest is, and how it is written for each channel: pure, without I/O, clock or settings."""
