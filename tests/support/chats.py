"""The chats that most tests speak of, on both platforms."""

from __future__ import annotations

CHANNEL, CHANNEL_NAME = "-1001111111111", "@my_channel"
GROUP = "-1001234567890"  # a supergroup
BASIC = "-4"  # a group that is none
FORUM, TOPIC, OTHER_TOPIC = "-1002234567890", 77, 78
FORUM_TOPIC = f"{FORUM}:{TOPIC}"
READER = "42"  # a private chat
SLACK_CHAT = "C0123ABCD"  # a channel of Slack
