"""The one way from sources to the web."""
