"""Slack: sending, finding out, listening."""
