"""`paperboy init`: a guided set-up, which asks, checks each answer at once, shows, writes and starts."""
