"""Telegram: send, reconcile, listen."""
