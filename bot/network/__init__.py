"""How other machines are reached: by which proxy, whose certificates are trusted, and why it fails."""
