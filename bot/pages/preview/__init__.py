"""The preview: what posts would send, as both platforms show it, and how they were read."""
