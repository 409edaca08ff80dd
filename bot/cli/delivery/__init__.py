"""Commands that deliver, show how it went, and settle what is stuck."""
