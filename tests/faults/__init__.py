"""Everything that can go wrong, done to whole processes; in the end each chat must read as the newest post does."""
