"""What a bot says of itself: its commands and descriptions, per audience and language."""

import re
from collections.abc import Callable
from typing import Any

from tests.support.fakes.markup import refuse
from tests.support.fakes.server import Arguments, words

Command = dict[str, str]

MAX_COMMANDS = 100
DESCRIPTIONS = {"description": 512, "short_description": 120}  # characters (Telegram Bot API, setMyDescription)
SCOPES = words("default all_private_chats all_group_chats all_chat_administrators chat chat_administrators chat_member")


class Menu:
    """The commands by scope type, chat and user if the scope has them, and language; likewise the descriptions."""

    def __init__(self, check_chat: Callable[[Arguments], Any]) -> None:
        self.commands: dict[tuple[str, ...], list[Command]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}  # by name of the argument and language
        self._check_chat = check_chat

    def set_commands(self, arguments: Arguments) -> bool:
        """Answer setMyCommands."""
        commands = arguments.get("commands") or []
        for command in commands:
            _check(command)
        if len(commands) > MAX_COMMANDS:
            refuse("BOT_COMMANDS_TOO_MUCH")
        self.commands[self._audience(arguments)] = commands
        return True

    def get_commands(self, arguments: Arguments) -> list[Command]:
        """Answer getMyCommands, which falls back to no other scope or language."""
        return self.commands.get(self._audience(arguments), [])

    def delete_commands(self, arguments: Arguments) -> bool:
        """Answer deleteMyCommands."""
        self.commands.pop(self._audience(arguments), None)
        return True

    def describe(self, name: str, arguments: Arguments) -> bool:
        """Answer setMyDescription or setMyShortDescription."""
        text = str(arguments.get(name) or "")
        if len(text) > DESCRIPTIONS[name]:
            refuse(f"the fake server takes {DESCRIPTIONS[name]} characters of {name}")
        self.descriptions[name, _language(arguments)] = text
        return True

    def described(self, name: str, arguments: Arguments) -> dict[str, str]:
        """Answer getMyDescription or getMyShortDescription."""
        return {name: self.descriptions.get((name, _language(arguments)), "")}

    def _audience(self, arguments: Arguments) -> tuple[str, ...]:
        scope = arguments.get("scope") or {"type": "default"}
        if scope.get("type") not in SCOPES:
            refuse("can't parse BotCommandScope: Unsupported type specified")
        if "chat_id" in scope:
            self._check_chat(scope)
        narrower = (str(scope[name]) for name in ("chat_id", "user_id") if name in scope)
        return (scope["type"], *narrower, _language(arguments))


def _language(arguments: Arguments) -> str:
    """Give the two letters, empty for everybody else (td, validate_bot_language_code)."""
    code = str(arguments.get("language_code") or "")
    if not re.fullmatch(r"([a-z]{2})?", code):
        refuse("invalid language code specified")
    return code


def _check(command: Command) -> None:
    if not re.fullmatch(r"[a-z0-9_]{1,32}", command.get("command", "")):
        refuse("BOT_COMMAND_INVALID")
    if not command.get("description"):
        refuse("command description must be non-empty")
    if len(command["description"]) > 256:
        refuse("command description length must not exceed 256")
