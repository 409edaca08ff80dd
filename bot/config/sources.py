"""A source in the settings: where digests come from, and which keys each kind takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from bot.config.table import Table, Token

_OF_POSTS = ("path", "match", "permalink", "site")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "folder": _OF_POSTS,
    "git": ("url", "branch", "token", *_OF_POSTS),
    "huggingface": ("top", "min_upvotes", "contact", "allow_private", "url"),
}
_REQUIRED: Mapping[str, tuple[str, ...]] = {"folder": ("path",), "git": ("url",), "huggingface": ()}
_PASSWORD = re.compile(r"//[^/@]*:[^/@]+@")


def keys_of(kind: str) -> tuple[str, ...]:
    """List the keys that a kind of source takes."""
    return ("name", "kind", *_KEYS[kind])


class Source(Table):
    name: str
    """What this source is called in `status` and in the ledger; keep it."""
    kind: Literal["folder", "git", "huggingface"]
    """"folder": the Markdown posts of a folder and its sub-folders, each of a day. "git": those of a git repository,
    which is fetched at each sweep. "huggingface": the Daily Papers of Hugging Face."""
    path: Path = Path()
    """Of "folder": the folder of posts, from the settings file's own folder. Of "git": the folder inside the
    repository, such as "_posts"; without it, all of it."""
    match: Annotated[str | None, BeforeValidator(lambda value: value or None)] = None
    """Only posts whose file name or path fits this pattern, such as "*daily-papers*" or "papers/*".

    Without it, every post that is a digest counts.
    """
    permalink: str = ""
    """The link to a post, with Jekyll's `:year`, `:month`, `:day`, `:title`; without it, posts are not linked."""
    site: Annotated[str, Field(pattern=r"^(https?://[^/\s]+(/\S*)?)?$")] = ""
    """The address of the site, such as "https://example.org": it completes links in posts that leave it out."""
    url: str = ""
    """Of "git": what `git clone` takes, such as "https://github.com/me/blog.git", or the path of a bare repository. Of
    "huggingface": another address of the site, for tests."""
    branch: str = ""
    """Of "git": the branch; without it, the one that the repository itself names."""
    token: Token = None
    """Of "git", secret: what the server of a private repository wants in place of a password."""
    top: int = Field(default=10, ge=1, le=100)
    """Of "huggingface": how many papers of a day, those with the most upvotes."""
    min_upvotes: int = Field(default=0, ge=0)
    """Of "huggingface": only papers with so many upvotes."""
    contact: str = ""
    """Of "huggingface": an address by which whoever runs the server can reach you; it is sent with each request."""
    allow_private: bool = False
    """Of "huggingface": also read from addresses that are not public, such as a server of your own network."""

    @field_validator("url")
    @classmethod
    def _without_password(cls, value: str) -> str:
        if _PASSWORD.search(value):
            raise ValueError("take the password out of the address, and write it as token, best in the environment")
        if value.startswith("-"):
            raise ValueError("write an address, such as https://github.com/me/blog.git")
        return value

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Source:
        """Refuse keys that this kind does not take, and ask for those that it needs."""
        if strange := sorted(self.model_fields_set - {*keys_of(self.kind)}):
            raise ValueError(f'kind "{self.kind}" takes no {strange[0]}; it takes {", ".join(_KEYS[self.kind])}')
        missing = [
            name for name in _REQUIRED[self.kind] if name not in self.model_fields_set or not getattr(self, name)
        ]
        if missing:
            raise ValueError(f'kind "{self.kind}" needs {missing[0]}; add it (`paperboy settings` says what it takes)')
        return self
