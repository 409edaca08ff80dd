"""The blog: a post for each of the last days, which its author edits, copies and renames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from bot.sources.posts.post import Origin, parse
from formatters.model import Digest
from tests.faults import posts

FIRST = 3  # papers that a post has at first, unless told otherwise


@dataclass
class Post:
    """A post, and all that it ever was since it had papers."""

    day: date
    number: int  # hundreds of the numbers of its papers: no paper stands in two posts
    name: str
    papers: list[int] = field(default_factory=list)
    wording: int = 0
    versions: list[Digest] = field(default_factory=list)  # older first

    @property
    def text(self) -> str:
        return posts.post(self.papers, f"{self.wording}번째", self.day)


class Blog:
    """The posts of so many days, the last of which is today; each is published when its turn comes."""

    def __init__(self, folder: Path, days: int, papers: int = FIRST) -> None:
        self._folder, self._papers = folder, papers
        first = posts.TODAY - timedelta(days=days - 1)
        self._all = [_empty(first + timedelta(days=number), number + 1) for number in range(days)]
        self.posts: list[Post] = []  # that are published

    @property
    def next(self) -> Post | None:
        """Give the post that is to be published next."""
        return self._all[len(self.posts)] if len(self.posts) < len(self._all) else None

    def draft(self) -> None:
        """Put the next post there without papers."""
        if post := self.next:
            posts.put(self._folder, post.text, post.name)

    def copy(self) -> None:
        """Begin the next post as authors do: copy the newest one as it is."""
        if self.posts and (post := self.next):
            posts.put(self._folder, self.posts[-1].text, post.name)

    def publish(self) -> None:
        if post := self.next:
            self.posts.append(post)
            post.papers = [100 * post.number + number for number in range(1, self._papers + 1)]
            self._write(post)

    def take(self, text: str, name: str, day: date) -> None:
        """Publish a post that somebody else has written."""
        self.posts.append(Post(day, 0, name))
        self._write(self.posts[-1], text)

    def add(self, number: int, place: int) -> None:
        """Add a paper to a post."""
        for post in self._published(number):
            post.papers.insert(min(place, len(post.papers)), 100 * post.number + len(post.papers) + 1)
            self._write(post)

    def reword(self, number: int) -> None:
        """Word every paper of a post otherwise."""
        for post in self._published(number):
            post.wording += 1
            self._write(post)

    def lay_out_anew(self, number: int) -> None:
        """Change no word of a post."""
        for post in self._published(number):
            posts.put(self._folder, posts.laid_out_anew(post.text), post.name)

    def rename(self, number: int, word: str) -> None:
        """Give the file of a post another name, of the same day."""
        for post in self._published(number):
            before, post.name = post.name, f"{post.day}-daily-papers-{word}.md"
            (self._folder / before).rename(self._folder / post.name)

    def _published(self, number: int) -> Sequence[Post]:
        return self.posts[number : number + 1]

    def _write(self, post: Post, text: str = "") -> None:
        path = posts.put(self._folder, text or post.text, post.name)
        digest = parse(path.read_bytes(), Origin(post.name)).digest
        assert digest
        post.versions.append(digest)


def _empty(day: date, number: int) -> Post:
    return Post(day, number, f"{day}-daily-papers-{day:%Y%m%d}.md")
