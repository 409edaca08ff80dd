"""Words that were given up for those of the glossary: none may come back, neither in names nor in what explains them.

`python -m tests.docs.test_words [FOLDER ...]` lists where they are.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator

import pytest

from tests.support.documents import CODE, ROOT, read

# Each with what is said instead.
RETIRED = {
    "alarm": "notifier",
    "alarms": "notifiers",
    "asker": "request",
    "askers": "requests",
    "bell": "operators' chat",
    "bells": "operators' chats",
    "books": "connection",
    "calm": "release",
    "clerk": "writer",
    "clerks": "writers",
    "deaf": "down, not connected",
    "desk": "router",
    "desks": "routers",
    "doubt": "unconfirmed send",
    "doubtful": "unconfirmed",
    "doubts": "unconfirmed sends",
    "drain": "dispatch",
    "drained": "dispatched",
    "draining": "dispatching",
    "drains": "dispatches",
    "eager": "wants the newest",
    "ear": "connection status",
    "ears": "connection status",
    "furnish": "add chats",
    "grams": "ngrams",
    "habit": "posting pattern",
    "habits": "posting pattern",
    "hall": "readers",
    "hasty": "without limits",
    "hears": "is connected",
    "hollow": "unfinished, mostly empty",
    "house": "pipeline, bot",
    "intent": "planned digest",
    "intents": "planned digests",
    "lane": "worker",
    "lanes": "workers",
    "paced": "limited",
    "pacer": "rate limiter",
    "pacing": "rate limits",
    "receipt": "status",
    "receipts": "status",
    "remark": "status change",
    "remarks": "status changes",
    "room": "chat, group",
    "rooms": "chats, groups",
    "spaced": "even spacing",
    "standing": "status",
    "standings": "status",
    "stranger": "chat that is not identified",
    "strangers": "chats that are not identified",
    "talker": "member",
    "talkers": "members",
    "trouble": "incident, problem",
    "troubles": "incidents, problems",
    "vanished": "obsolete",
    "whisper": "ephemeral reply",
    "whispers": "ephemeral replies",
    "windowed": "sliding window",
    "wish": "preference",
    "wished": "preferred",
    "wishes": "preferences",
    "wishing": "subscription",
}
FOLDERS = ("bot", "formatters", "tests")
# Migrations say what they said when they were written; old ledgers are made by the code of their time.
EXEMPT = ("bot/database/migrations/versions/", "tests/data/", "tests/docs/test_words.py")
# Docstrings of commands are the help that operators read.
ALLOWED = {"bot/cli/main.py": {"receipt"}, "tests/support/postgres/proxy.py": {"drain"}}  # the latter is asyncio's


def words(text: str) -> list[str]:
    """Split prose, or a name in snake or camel case, into its words."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)]


def explained(source: str) -> Iterator[tuple[int, str]]:
    """Give the names, comments and docstrings of a module, each with its line; no other strings."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in {tokenize.NAME, tokenize.COMMENT}:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        for one in body if isinstance(body, list) else ():
            if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str):
                yield from enumerate(one.value.value.splitlines(), one.lineno)


def retired(lines: Iterator[tuple[int, str]], allowed: set[str]) -> list[tuple[int, str]]:
    """List the retired words, each with its line."""
    refused = RETIRED.keys() - allowed
    return sorted({(line, word) for line, text in lines for word in words(text) if word in refused})


def modules(folder: str) -> list[str]:
    """List the modules in a folder by their path; of those written in another time none."""
    found = (path.relative_to(ROOT).as_posix() for path in sorted((ROOT / folder).rglob("*.py")))
    return [path for path in found if not path.startswith(EXEMPT)]


def left(path: str) -> list[str]:
    """List what is left in a module, a line each."""
    source = read(path)
    if RETIRED.keys().isdisjoint(words(source)):
        return []  # most: to find out what is a string takes long
    found = retired(explained(source), ALLOWED.get(path, set()))
    return [f"{path}:{line}: {word} ({RETIRED[word]})" for line, word in found]


def left_on_the_page() -> list[str]:
    """List what is left on the page on the code, but where it lists the words on disk."""
    before, _, after = read(CODE).partition("\n## Words on disk\n")
    prose = before + after[after.index("\n## ") :]
    return [f"{CODE}: {word} ({RETIRED[word]})" for _, word in retired(iter([(0, prose)]), set())]


def test_names_comments_and_docstrings_are_read_and_other_strings_are_not() -> None:
    source = '''\
"""A clerk."""


class DeskLamp:  # of the lane
    """First.

    Second bell.
    """

    wish_list = "a whisper"

    def ring(self) -> str:
        return """a drain"""
'''
    assert retired(explained(source), {"lane"}) == [(1, "clerk"), (4, "desk"), (7, "bell"), (10, "wish")]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_module_says_what_was_given_up(folder: str) -> None:
    assert [line for path in modules(folder) for line in left(path)] == []


def test_nor_does_the_page_on_the_code() -> None:
    assert left_on_the_page() == []


def main(folders: list[str]) -> None:
    """List what is left."""
    lines = [line for folder in folders or FOLDERS for path in modules(folder) for line in left(path)]
    sys.stdout.write("".join(f"{line}\n" for line in [*lines, *left_on_the_page()]))


if __name__ == "__main__":
    main(sys.argv[1:])
