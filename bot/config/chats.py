"""A chat in the settings: its address, and the sources whose digests it receives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.config.fields import parse_items, parse_list

_SHAPE = '{ chat = "…", sources = ["…"] }'


@dataclass(frozen=True, slots=True)
class ListedChat:
    """One chat that receives."""

    chat: str
    sources: tuple[str, ...] = ()  # by name; none: all of them


def parse_chats(value: object, check: Callable[[tuple[str, ...]], object]) -> tuple[ListedChat, ...]:
    """Read a list of addresses, and of tables with an address and sources; `check` refuses what is no address."""
    found = tuple(dict.fromkeys(map(_listed_chat, parse_items(value))))
    check(tuple(one.chat for one in found))
    names = [one.chat for one in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f'"{twice}" is listed twice; write it once, with all its sources')
    return found


def require_known(chats: Iterable[ListedChat], known: Iterable[str]) -> None:
    """Refuse names of sources that there are not."""
    names = list(known)
    for one in chats:
        if unknown := next((name for name in one.sources if name not in names), None):
            listed = ", ".join(f'"{name}"' for name in names) or "none"
            raise ValueError(f'chats: "{one.chat}" names the source "{unknown}", which is none; there are: {listed}')


def _listed_chat(item: object) -> ListedChat:
    if not isinstance(item, dict):
        return ListedChat(_text(item))
    chat, sources = item.get("chat"), item.get("sources", [])
    if chat is None or item.keys() - {"chat", "sources"}:
        raise ValueError(f"a chat with its sources is written {_SHAPE}")
    return ListedChat(_text(chat), tuple(parse_list(sources)))


def _text(value: object) -> str:
    return parse_list([value])[0]
