"""Where digests come from: what is chosen is read at once, and what was found and not understood is shown."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.app.assembly import make_sources
from bot.cli.init.questions import WrongAnswerError
from bot.cli.init.session import Chosen, Session
from bot.config.settings import Settings
from bot.errors import PaperboyError, ParseError, SourceError
from bot.log import unexpected
from bot.sources import files
from bot.sources.posts.explanation import explain
from bot.sources.posts.post import Origin
from bot.sources.source import FoundDigest
from bot.sources.survey import Survey
from formatters.model import Digest

_LIKELY = ("_posts", "posts", "content", ".")  # folders of posts, by what they are called
_SHOWN = 5  # lines that are shown of what was not understood, and papers of the newest digest


@dataclass(frozen=True, slots=True)
class Look:
    """What a source holds now."""

    chosen: Chosen
    survey: Survey
    found: Sequence[FoundDigest]
    problems: Sequence[str]

    @property
    def newest(self) -> Digest | None:
        """Give the newest digest that has papers."""
        return next((one.digest for one in reversed(self.found) if one.digest.papers), None)


def set_up(session: Session) -> Look:
    """Ask for a source, and look at it, until it has a digest or the operator goes on without one."""
    said, questions = session.said, session.questions
    folder = _nearby(session.file.absolute().parent)
    default = "folder" if folder else ""
    while True:
        kind = questions.choose("source", said.source, said.source_kinds, default)
        look = _ask(session, kind, folder)
        _show(session, look)
        if look.newest or look.survey.may_be_empty:
            return look
        options = {"again": said.other_source, "keep": said.go_on_without_digest}
        if questions.settle("source_address", said.no_digest, options) == "keep":
            return look


def _ask(session: Session, kind: str, folder: str) -> Look:
    table = _KINDS[kind]
    if kind == "huggingface":
        return _look(session, table, "")
    question, default = session.said.source_addresses[kind], folder if kind == "folder" else ""
    return session.questions.ask("source_address", question, partial(_look, session, table), default=default or None)


def _look(session: Session, table: Callable[[Session, str], Mapping[str, Any]], answer: str) -> Look:
    """Look at what was named; WrongAnswerError when it cannot be read."""
    session.tell(session.said.looking)
    try:
        look = _read(session, table(session, answer))
        is_unread = not look.newest and table is _feed
        # An entry may be a whole post or one paper; what there is tells.
        other = _read(session, {**table(session, answer), "entries": "papers"}) if is_unread else look
    except PaperboyError as error:
        raise WrongAnswerError(str(error)) from None
    return other if other.newest else look


def _read(session: Session, source: Mapping[str, Any]) -> Look:
    # At any hour a feed of papers shall show what it has; the clone of a repository is made anew by the program.
    chosen = Chosen({"sources": [source]})
    with tempfile.TemporaryDirectory(prefix="paperboy-") as folder:
        store = {"url": f"sqlite:///{folder}/paperboy.db"}
        settings = session.settings({**chosen.tables, "store": store, "schedule": {"at": "00:00"}})
        return asyncio.run(_digests(settings, chosen))


async def _digests(settings: Settings, chosen: Chosen) -> Look:
    [source] = make_sources(settings)
    try:
        found = await source.digests()
    except SourceError:
        raise
    except Exception as error:
        raise SourceError(unexpected(error)) from error
    return Look(chosen, source.survey, found, [*source.problems.values()])


# --- what is asked, as a table of the settings


def _folder(session: Session, answer: str) -> Mapping[str, Any]:
    if not answer:
        raise WrongAnswerError(session.said.nothing_said)
    path, home = Path(answer).expanduser().absolute(), session.file.absolute().parent
    if not path.is_dir():
        raise WrongAnswerError(session.said.no_folder.format(path=path))
    near = os.path.relpath(path, home)
    return {"name": "daily-papers", "kind": "folder", "path": str(path) if near.startswith("..") else near}


def _git(session: Session, answer: str) -> Mapping[str, Any]:
    if not answer:
        raise WrongAnswerError(session.said.nothing_said)
    local = Path(answer).expanduser()
    name = re.split(r"[/:]", answer.rstrip("/"))[-1].removesuffix(".git")
    return {"name": name or "blog", "kind": "git", "url": str(local.absolute()) if local.exists() else answer}


def _huggingface(_session: Session, _answer: str) -> Mapping[str, Any]:
    return {"name": "hugging-face", "kind": "huggingface"}


def _arxiv(session: Session, answer: str) -> Mapping[str, Any]:
    if not (categories := re.split(r"[\s,]+", answer.strip(" ,"))) or not categories[0]:
        raise WrongAnswerError(session.said.nothing_said)
    return {"name": "arxiv", "kind": "feed", "arxiv": categories}


def _feed(session: Session, answer: str) -> Mapping[str, Any]:
    if not re.match(r"https?://\S+$", answer):
        raise WrongAnswerError(session.said.no_web_address)
    return {"name": urlsplit(answer).hostname or "feed", "kind": "feed", "url": answer}


_KINDS: Mapping[str, Callable[[Session, str], Mapping[str, Any]]] = {
    "folder": _folder,
    "git": _git,
    "huggingface": _huggingface,
    "arxiv": _arxiv,
    "feed": _feed,
}


def _nearby(home: Path) -> str:
    """Find a folder of posts here, or in a folder here; "" where there is none."""
    inside = sorted(path for path in home.glob("*/_posts") if path.is_dir())
    found = [*(home / name for name in _LIKELY[:-1]), *inside]
    return next((os.path.relpath(path, home) for path in found if path.is_dir() and _has_posts(path)), "")


def _has_posts(folder: Path) -> bool:
    try:
        return any(True for _ in files.posts(folder, lambda _: None))
    except OSError:
        return False


# --- what is shown


def _show(session: Session, look: Look) -> None:
    said, survey = session.said, look.survey
    for problem in look.problems[:_SHOWN]:
        session.bad(problem)
    if newest := look.newest:
        session.good(said.posts_found(survey.posts, survey.digests, survey.papers))
        session.tell(f"  {newest.day}  {newest.title}")
        session.tell("\n".join(f"    {one.number}. {one.title}" for one in newest.papers[:_SHOWN]))
        if (more := len(newest.papers) - _SHOWN) > 0:
            session.tell(f"    … {said.more(more)}")
    elif survey.may_be_empty:
        session.good(said.no_papers_now)
    if missed := survey.nearest if not look.newest else survey.unread:
        session.tell(f"  {said.nearest} {missed}")
    for line in _not_understood(session, look):
        session.tell(f"  {line}")


def _not_understood(session: Session, look: Look) -> list[str]:
    """Say which words of the newest post of a folder reach no message, as `paperboy explain` does."""
    [source] = look.chosen.tables["sources"]
    if source["kind"] != "folder" or not look.newest:
        return []
    post = next(one.post for one in reversed(look.found) if one.digest is look.newest)
    file = post.partition("#")[0]
    try:
        how = explain((session.file.absolute().parent / source["path"] / file).read_bytes(), Origin(file))
    except (OSError, ParseError):  # its name cannot be shown, or it changes just now
        return []
    lost = [loss for one in how.posts for loss in one.lost]
    lines = [session.said.lost.format(line=one.line, words=" ".join(one.words)) for one in lost[:_SHOWN]]
    return [*lines, *([session.said.explain.format(post=file)] if lost else [])]
