"""What each chat holds or shall hold."""
