"""Commands that deliver, and that tell and settle how it went."""
