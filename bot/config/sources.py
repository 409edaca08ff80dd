"""A source in the settings: where digests come from, and which keys each kind takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from bot.config.table import Listed, Table, Token

_OF_POSTS = ("path", "match", "permalink", "site")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "folder": _OF_POSTS,
    "git": ("url", "branch", "token", *_OF_POSTS),
    "huggingface": ("top", "min_upvotes", "contact", "allow_private", "url"),
    "feed": (
        *("url", "entries", "match", "arxiv", "cross_lists", "biorxiv", "keywords", "top"),
        *("token", "contact", "allow_private"),
    ),
}
# Of each of these lists, one must be there.
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "folder": ("path",),
    "git": ("url",),
    "huggingface": (),
    "feed": ("url", "arxiv", "biorxiv"),
}
# Keys that go with other entries of a feed, by whether these are papers.
_OTHER_ENTRIES = {True: {"match"}, False: {"arxiv", "biorxiv", "cross_lists", "keywords", "top"}}
_CATEGORY = re.compile(r"[A-Za-z][\w.-]*")  # of arXiv and bioRxiv: it becomes part of an address
_PASSWORD = re.compile(r"//[^/@]*:[^/@]+@")


def keys_of(kind: str) -> tuple[str, ...]:
    """List the keys that a kind of source takes."""
    return ("name", "kind", *_KEYS[kind])


def _categories(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not _CATEGORY.fullmatch(value):
            raise ValueError(f'{value!r} is no category; write such as "cs.CL", or "cell_biology" for bioRxiv')
    return tuple(dict.fromkeys(values))


Categories = Annotated[Listed, AfterValidator(_categories)]


class Source(Table):
    name: str
    """What this source is called in `status` and in the ledger; keep it."""
    kind: Literal["folder", "git", "huggingface", "feed"]
    """"folder": the Markdown posts of a folder and its sub-folders, each of a day. "git": those of a git repository,
    which is fetched at each sweep. "huggingface": the Daily Papers of Hugging Face. "feed": RSS, Atom or JSON Feed,
    whose entries are posts or papers."""
    path: Path = Path()
    """Of "folder": the folder of posts, from the settings file's own folder. Of "git": the folder inside the
    repository, such as "_posts"; without it, all of it."""
    match: Annotated[str | None, BeforeValidator(lambda value: value or None)] = None
    """Only posts whose file name or path fits this pattern, such as "*daily-papers*" or "papers/*"; of "feed", whose
    title or address does.

    Without it, every post that is a digest counts.
    """
    permalink: str = ""
    """The link to a post, with Jekyll's `:year`, `:month`, `:day`, `:title`; without it, posts are not linked."""
    site: Annotated[str, Field(pattern=r"^(https?://[^/\s]+(/\S*)?)?$")] = ""
    """The address of the site, such as "https://example.org": it completes links in posts that leave it out."""
    url: str = ""
    """Of "git": what `git clone` takes, such as "https://github.com/me/blog.git", or the path of a bare repository. Of
    "feed": its address. Of "huggingface", and beside `arxiv` or `biorxiv`: another address of the site, for tests."""
    branch: str = ""
    """Of "git": the branch; without it, the one that the repository itself names."""
    token: Token = None
    """Of "git", secret: what the server of a private repository wants in place of a password. Of "feed": what is sent
    as a bearer token."""
    entries: Literal["posts", "papers"] | None = None
    """Of "feed": what its entries are. "posts": each is a whole post, as of a blog; "papers": each is a paper, and a
    digest is what came since the last one. Without it, "papers" with `arxiv` or `biorxiv`, else "posts"."""
    arxiv: Categories = ()
    """Of "feed": the new papers of categories of arXiv, such as ["cs.CL", "cs.LG"]; no `url` is needed."""
    cross_lists: bool = False
    """With `arxiv`: also papers of other categories that are listed in these."""
    biorxiv: Categories = ()
    """Of "feed": the new papers of subjects of bioRxiv, such as ["neuroscience"]; no `url` is needed."""
    keywords: Listed = ()
    """Of "feed" with papers: only those with one of these words in title or abstract; "agent" also finds "agents"."""
    top: int | None = Field(default=None, ge=1, le=100)
    """How many papers of a day. Of "huggingface": those with the most upvotes, without it 10. Of "feed": the first,
    without it 20; the index says how many more there were, and where."""
    min_upvotes: int = Field(default=0, ge=0)
    """Of "huggingface": only papers with so many upvotes."""
    contact: str = ""
    """Of "huggingface" and "feed": an address by which whoever runs the server can reach you; each request says it."""
    allow_private: bool = False
    """Of "huggingface" and "feed": also read from addresses that are not public, such as those of your own network."""

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
        needed = _REQUIRED[self.kind]
        if needed and not any(name in self.model_fields_set and getattr(self, name) for name in needed):
            what = " or ".join(needed)
            raise ValueError(f'kind "{self.kind}" needs {what}; add it (`paperboy settings` says what it takes)')
        return self

    @model_validator(mode="after")
    def _is_one_feed(self) -> Source:
        if self.arxiv and self.biorxiv:
            raise ValueError("arxiv and biorxiv are two feeds; write a table of [[sources]] for each")
        if self.kind == "feed" and (strange := sorted(self.model_fields_set & _OTHER_ENTRIES[self.has_papers])):
            raise ValueError(
                f'{strange[0]} is not for entries = "{"papers" if self.has_papers else "posts"}"; take it out'
            )
        return self

    @property
    def has_papers(self) -> bool:
        """Tell whether the entries of a feed are papers."""
        return self.entries == "papers" if self.entries else bool(self.arxiv or self.biorxiv)
