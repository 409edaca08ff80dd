"""Where digests come from: what is chosen is read at once, and what was found and not understood is shown."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.app.sources import make_sources
from bot.cli.init.questions import WrongAnswerError
from bot.cli.init.session import Chosen, Session
from bot.config.settings import Settings
from bot.errors import PaperboyError, ParseError, SourceError
from bot.log import unexpected
from bot.sources import files
from bot.sources.git.source import GitSource
from bot.sources.posts.explanation import Loss, explain
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
    lost: Sequence[Loss] = ()  # words of the newest post that reach no message

    @property
    def newest(self) -> Digest | None:
        """Give the newest digest that has papers."""
        return next((one.digest for one in reversed(self.found) if one.digest.papers), None)

    @property
    def newest_post(self) -> str:
        """Name the file of the newest digest that has papers."""
        return next((one.post.partition("#")[0] for one in reversed(self.found) if one.digest.papers), "")


def set_up(session: Session) -> Look:
    """Ask for a source, and look at it, until it has a digest or the operator goes on without one."""
    said, questions = session.said, session.questions
    while True:
        look = _ask(session, ask_kind(session))
        _show(session, look)
        if look.newest or look.survey.may_be_empty:
            return look
        options = {"again": said.other_source, "keep": said.go_on_without_digest}
        if questions.settle("source_address", said.no_digest, options) == "keep":
            return look


def ask_kind(session: Session) -> str:
    """Ask for a kind of source; a folder of posts that lies here is offered."""
    said = session.said
    return session.questions.choose("source", said.source, said.source_kinds, "folder" if _nearby(session) else "")


def _ask(session: Session, kind: str) -> Look:
    table = _KINDS[kind]
    if kind == "huggingface":
        return _look(session, table, "")
    question, default = session.said.source_addresses[kind], _nearby(session) if kind == "folder" else ""
    return session.questions.ask("source_address", question, partial(_look, session, table), default=default or None)


def _look(session: Session, table: Callable[[Session, str], Mapping[str, Any]], answer: str) -> Look:
    """Look at what was named; WrongAnswerError when it cannot be read."""
    session.tell(session.said.looking)
    try:
        look = _read(session, table(session, answer))
        is_unread = not look.newest and table is _feed
        # An entry may be a whole post or one paper; what there is tells.
        other = _read(session, {**table(session, answer), "entries": "papers"}) if is_unread else look
    except PaperboyError as error:  # nobody named the source yet
        raise WrongAnswerError(str(error).removeprefix(f"source {table(session, answer)['name']}: ")) from None
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
    look = Look(chosen, source.survey, found, [*source.problems.values()])
    folder = source.clone.posts if isinstance(source, GitSource) else settings.sources[0].path
    return replace(look, lost=_not_understood(look, folder)) if folder else look


def _not_understood(look: Look, folder: Path) -> Sequence[Loss]:
    """List the words of the newest post of a folder that reach no message, as `paperboy explain` does."""
    if not look.newest:
        return ()
    try:
        how = explain((folder / look.newest_post).read_bytes(), Origin(look.newest_post))
    except (OSError, ParseError):  # its name cannot be shown, or it changes just now
        return ()
    return [loss for one in how.posts for loss in one.lost]


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


def _nearby(session: Session) -> str:
    """Find a folder of posts beside the settings, or in a folder there; "" where there is none."""
    home = session.file.absolute().parent
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
    for loss in look.lost[:_SHOWN]:
        session.tell(f"  {said.lost.format(line=loss.line, words=' '.join(loss.words))}")
    [source] = look.chosen.tables["sources"]
    if look.lost and source["kind"] == "folder":
        post = os.path.relpath(session.file.absolute().parent / source["path"] / look.newest_post)
        session.tell(f"  {said.explain.format(command=session.command(f'explain {shlex.quote(post)}'))}")
