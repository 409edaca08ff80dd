"""What happens beside the program: to the blog, the settings, the chats, and to the program itself.

An act for which nothing is there does nothing, so that any script can be played when lines of it are left out.
"""

from __future__ import annotations

import resource
import signal
from dataclasses import dataclass
from typing import Protocol

from tests.faults.combined.stage import Stage


class Act(Protocol):
    """One thing that happens; one that starts a process gives it, to be awaited."""

    def do(self, stage: Stage) -> object: ...


# The blog


@dataclass(frozen=True)
class Publish:
    """The next post appears, once the ledger knows those before."""

    def do(self, stage: Stage) -> None:
        if stage.knows(len(stage.blog.posts)):
            stage.blog.publish()


@dataclass(frozen=True)
class Draft:
    """The next post appears without papers."""

    def do(self, stage: Stage) -> None:
        if stage.knows():
            stage.blog.draft()


@dataclass(frozen=True)
class Copy:
    """The newest post is copied under the name of the next."""

    unseen: bool = False  # although the ledger may not know the post yet

    def do(self, stage: Stage) -> None:
        if stage.knows(1 if self.unseen else len(stage.blog.posts)):
            stage.blog.copy()


@dataclass(frozen=True)
class Add:
    """A post gets one more paper."""

    post: int
    place: int

    def do(self, stage: Stage) -> None:
        stage.blog.add(self.post, self.place)


@dataclass(frozen=True)
class Reword:
    post: int

    def do(self, stage: Stage) -> None:
        stage.blog.reword(self.post)


@dataclass(frozen=True)
class LayOut:
    """Blanks and bullets of a post change, not a word."""

    post: int

    def do(self, stage: Stage) -> None:
        stage.blog.lay_out_anew(self.post)


@dataclass(frozen=True)
class Rename:
    post: int
    word: str

    def do(self, stage: Stage) -> None:
        stage.blog.rename(self.post, self.word)


# The settings: the next process has them


@dataclass(frozen=True)
class SetLayout:
    channel: str
    layout: str

    def do(self, stage: Stage) -> None:
        stage.set_layout(self.channel, self.layout)


@dataclass(frozen=True)
class SetLanguage:
    language: str

    def do(self, stage: Stage) -> None:
        stage.set_language(self.language)


@dataclass(frozen=True)
class LeaveOut:
    """The settings no longer name a chat."""

    chat: str

    def do(self, stage: Stage) -> None:
        stage.leave_out(self.chat)


@dataclass(frozen=True)
class NameAgain:
    chat: str

    def do(self, stage: Stage) -> None:
        stage.left_out.discard(self.chat)


# The chats


@dataclass(frozen=True)
class Close:
    """A chat is closed to the bot."""

    chat: str

    def do(self, stage: Stage) -> None:
        stage.close(self.chat)


@dataclass(frozen=True)
class Open:
    chat: str

    def do(self, stage: Stage) -> None:
        stage.open(self.chat)


@dataclass(frozen=True)
class Move:
    """The group becomes a supergroup."""

    def do(self, stage: Stage) -> None:
        stage.move()


@dataclass(frozen=True)
class Talk:
    """Somebody writes in a chat."""

    chat: str
    text: str

    def do(self, stage: Stage) -> None:
        stage.talk(self.chat, self.text)


# The program


@dataclass(frozen=True)
class Kill:
    def do(self, stage: Stage) -> None:
        if stage.current:
            stage.current.kill()


@dataclass(frozen=True)
class Terminate:
    def do(self, stage: Stage) -> None:
        if stage.current:
            stage.current.send(signal.SIGTERM)


@dataclass(frozen=True)
class FillDisk:
    """No file of the ledger may grow any more."""

    def do(self, stage: Stage) -> None:
        if stage.current and stage.current.is_alive():
            size = max(path.stat().st_size for path in stage.site.folder.glob("paperboy.db*"))
            resource.prlimit(stage.current.pid, resource.RLIMIT_FSIZE, (size, size))


@dataclass(frozen=True)
class StartAnother:
    """A second process delivers at the same time, on a clock that is so many seconds ahead."""

    shift: float = 0.0

    def do(self, stage: Stage) -> object:
        return stage.start_another(self.shift)
