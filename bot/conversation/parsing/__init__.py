"""Parsing of what readers type."""
