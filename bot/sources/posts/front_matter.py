"""A post's front matter: YAML as Jekyll reads it, or line by line where it is broken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import YAMLHandler

from formatters.spans import collapse_spaces

_LONGEST = 16 * 1024  # characters; parsing of YAML is slow
_KEY_LINE = re.compile(r"([A-Za-z_][\w-]*)\s*:\s*(.*)")
# Control characters are dropped, but for tab and line end; those that separate words become blanks.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SEPARATING = "\x0b\x0c\x1c\x1d\x1e\x1f\x85"
_SURROGATE = re.compile("[\ud800-\udfff]")


def read(text: str) -> tuple[dict[str, object], str, str]:
    """Split a post into front matter and body, with what was broken in the front matter, else "".

    Scalars come as the text that they are written as: numbers may be longer than any that can be computed.
    """
    if not text.lstrip("\n ").startswith("---"):
        return {}, text, ""
    try:
        front, body = frontmatter.parse(text, handler=_Handler())
    except Exception as error:  # noqa: BLE001 - whatever YAML raises, the lines are still there
        problem = collapse_spaces(storable(str(error)).partition("\n")[0])
        return *_by_line(text), f"front matter is broken ({problem}); it was read line by line"
    if front:
        return dict(front), body, ""
    found, rest = _by_line(text)
    return found, rest, "front matter is broken (no keys, or no closing ---)" if found else ""


def lines_before(body: str, text: str) -> int:
    """Count the lines of a post before its body."""
    return text.count("\n", 0, len(text.rstrip()) - len(body.rstrip()))


def _by_line(text: str) -> tuple[dict[str, object], str]:
    """Read the `key: value` lines after the opening ---, until the closing one or the first other line."""
    lines = text.lstrip("\n ").split("\n")
    closing = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() in {"---", "..."}), 0)
    if any(line.startswith("#") for line in lines[1:closing]):
        closing = 0  # a heading: so this --- is a rule of the body, and the closing one is missing
    block = lines[1:closing] if closing else _leading_keys(lines[1:])
    found = {match[1]: match[2].strip() for line in block if (match := _KEY_LINE.fullmatch(line.strip()))}
    if not found:
        return {}, text
    return dict(found), "\n".join(lines[1 + len(block) + bool(closing) :])


def _leading_keys(lines: Sequence[str]) -> list[str]:
    end = next((n for n, line in enumerate(lines) if not _KEY_LINE.fullmatch(line.strip())), len(lines))
    return list(lines[:end])


def scalar(value: object) -> str:
    """Give the text of a scalar, "" for a nested value: aliases can make those huge."""
    return collapse_spaces(storable(value)) if isinstance(value, str) else ""


def storable(text: str) -> str:
    """Make text that can be stored and sent: without control characters and halves of characters.

    YAML can write any of them as an escape.
    """
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROL.sub(lambda found: " " if found[0] in _SEPARATING else "", text)


class _Loader(yaml.SafeLoader):
    """Load YAML with scalars as text and without merge keys: nested ones grow exponentially, mere aliases do not."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (as the library has it)
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in {"null", "merge"}]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        node.value = [(key, value) for key, value in node.value if key.tag != "tag:yaml.org,2002:merge"]


def _written(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


for _tag in ("bool", "int", "float", "timestamp"):  # a post may name them: `!!int 1`
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _written)


class _Handler(YAMLHandler):
    def load(self, fm: str, **_: object) -> Any:
        if len(fm) > _LONGEST:
            raise ValueError(f"longer than {_LONGEST:,} characters")
        return yaml.load(fm, Loader=_Loader)  # noqa: S506 (a SafeLoader)
