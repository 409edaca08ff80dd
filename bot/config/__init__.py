"""Settings, loaded, checked and explained."""
