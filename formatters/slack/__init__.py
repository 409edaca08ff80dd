"""Slack: messages as Block Kit, which looks otherwise in each of its kinds of text."""

from formatters.slack.formatter import SlackFormatter

__all__ = ["SlackFormatter"]
