"""A post's front matter: YAML as Jekyll reads it, or line by line where it is broken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import YAMLHandler

from formatters.spans import collapse_spaces

_LONGEST = 16 * 1024  # characters; parsing of YAML is slow
_KEY_LINE = re.compile(r"([A-Za-z_][\w-]*)\s*:\s*(.*)")


def read(text: str) -> tuple[dict[str, object], str, str]:
    """Split a post into front matter and body, with what was broken in the front matter, else ""."""
    if not text.lstrip("\n ").startswith("---"):
        return {}, text, ""
    try:
        front, body = frontmatter.parse(text, handler=_Handler())
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError) as error:
        problem = collapse_spaces(str(error).partition("\n")[0])
        return *_by_line(text), f"front matter is broken ({problem}); it was read line by line"
    if front:
        return dict(front), body, ""
    found, rest = _by_line(text)
    return found, rest, "front matter is broken (no keys, or no closing ---)" if found else ""


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
    return collapse_spaces(str(value)) if isinstance(value, str | int | float | date) else ""


class _Loader(yaml.SafeLoader):
    """Load YAML without merge keys: nested ones grow exponentially; mere aliases do not."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        node.value = [(key, value) for key, value in node.value if key.tag != "tag:yaml.org,2002:merge"]


class _Handler(YAMLHandler):
    def load(self, fm: str, **_: object) -> Any:
        if len(fm) > _LONGEST:
            raise ValueError(f"longer than {_LONGEST:,} characters")
        return yaml.load(fm, Loader=_Loader)  # noqa: S506 (a SafeLoader)
