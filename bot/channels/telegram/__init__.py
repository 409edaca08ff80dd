"""Telegram: sending, finding out, listening."""
