"""Finding out whether an unconfirmed message arrived, and undoing what that overwrites."""
