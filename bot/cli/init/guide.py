"""The set-up from the first question to the first message."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

import tzlocal

from bot.cli.console import warn
from bot.cli.init import writing
from bot.cli.init.questions import Typed, WrongAnswerError, prepared
from bot.cli.init.session import Chosen, Session
from bot.cli.init.wording import LANGUAGES, wording
from bot.cli.program import set_up_log
from bot.config.fields import clock_time, nearest_zone
from bot.config.loading import files
from bot.errors import SettingsError

if TYPE_CHECKING:
    from bot.cli.init.source import Look

STOPPED = 130  # as a shell says of what Ctrl-C ended
_PLATFORMS = ("telegram", "slack")
_USUAL_HOUR = "08:30"


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that was answered, before anything is written."""

    tables: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    titles: Mapping[str, str]  # of the chats, by address
    sends: bool  # the first paper


def run(config: Path | None, answers: Path | None) -> int:
    """Ask, check, write and send; give the exit code. Nothing is written before these questions are answered."""
    questions = prepared(answers) if answers else Typed()
    said = wording(_language())
    stopped = said.stopped
    try:
        said = wording(questions.choose("language", "언어 · Language", LANGUAGES, said.language))
        stopped, session = said.stopped, Session(questions, said, files(config)[0])
        plan = _ask(session)
        stopped = said.stopped_at_last
        _carry_out(session, plan)
    except (KeyboardInterrupt, EOFError):
        warn(f"\n{stopped}")
        return STOPPED
    return 0


def _ask(session: Session) -> _Plan:
    from bot.cli.init import source
    from bot.network.options import check_network

    said, questions = session.said, session.questions
    _require_place(session)
    settings = session.settings({})
    check_network()
    set_up_log(settings, "ERROR")
    platform = questions.choose("platform", said.platform, said.platforms)
    names = [name for name in _PLATFORMS if platform in (name, "both")]
    chosen = [_set_up(session, name) for name in names]
    look = source.set_up(session)
    at = questions.ask("at", said.hour, lambda answer: _hour(session, answer), default=_USUAL_HOUR)
    zone = questions.ask("timezone", said.zone, lambda answer: _zone(session, answer), default=_machine_zone())
    tables: dict[str, Any] = {"language": said.language, "timezone": zone, **look.chosen.tables, "schedule": {"at": at}}
    secrets: dict[str, str] = {}
    titles: dict[str, str] = {}
    for one in chosen:
        tables |= one.tables
        secrets |= one.secrets
        titles |= one.titles
    return _Plan(tables, secrets, titles, _shall_send(session, names[0], look, tables, secrets))


def _set_up(session: Session, platform: str) -> Chosen:
    """Ask for what a platform needs; its SDK takes long to import."""
    chosen: Chosen = import_module(f"bot.cli.init.{platform}").set_up(session)
    return chosen


def _require_place(session: Session) -> None:
    """Raise SettingsError where nothing can be written, or what is there shall stay."""
    file, said = session.file, session.said
    writing.require_writable(file.parent)
    there = [path for path in (file, writing.environment_file(file)) if path.exists()]
    question = said.replace.format(files=", ".join(map(str, there)))
    options = {"no": said.keep, "yes": said.replace_them}
    if there and session.questions.choose("replace", question, options, "no") == "no":
        raise SettingsError(said.kept.format(files=", ".join(map(str, there))))


def _shall_send(
    session: Session, channel: str, look: Look, tables: Mapping[str, Any], secrets: Mapping[str, str]
) -> bool:
    """Show the newest digest as it would look, and ask whether its first paper shall be sent."""
    from bot.cli.init import first_message

    if not look.newest:
        return False
    said = session.said
    session.tell("")
    first_message.show(session, session.settings(tables, secrets), channel, look.newest)
    return session.questions.choose("send", said.send, {"yes": said.send_now, "no": said.send_nothing}, "yes") == "yes"


def _carry_out(session: Session, plan: _Plan) -> None:
    """Write the settings, send the first paper, and say how to go on."""
    from bot.cli.init import first_message

    said, file = session.said, session.file
    writing.write_settings(file, plan.tables, plan.secrets, said.comment)
    session.good(said.written.format(file=file.name, env=writing.environment_file(file).name))
    settings = session.settings(plan.tables, plan.secrets)
    set_up_log(settings, "ERROR")  # what it is not to say is known now
    if plan.sends:
        first_message.send(session, settings, plan.titles)
    option = "" if file == Path.cwd() / file.name and file.name == files()[0].name else f" --config {file}"
    session.tell(said.go_on_with.format(option=option, at=f"{settings.schedule.at:%H:%M}"))
    if writing.has_systemd() and session.questions.choose("service", said.service, said.yes_or_no, "no") == "yes":
        writing.install(session, writing.unit_for(file))


def _language() -> str:
    """Guess the language from that of the shell."""
    spoken = next(filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "ko" if spoken.startswith("ko") else "en"


def _hour(session: Session, answer: str) -> str:
    try:
        clock_time(answer)
    except ValueError:
        raise WrongAnswerError(session.said.no_hour) from None
    return answer


def _zone(session: Session, answer: str) -> str:
    zones = available_timezones()
    if answer not in zones:
        raise WrongAnswerError(session.said.no_zone.format(zone=answer, near=nearest_zone(answer, zones)))
    return answer


def _machine_zone() -> str:
    """Give the time zone of this machine by its name, UTC where it does not say."""
    try:
        name = tzlocal.get_localzone_name()
    except Exception:  # noqa: BLE001 - whatever is wrong with the machine's clock, a question can be asked
        name = ""
    return name if name in available_timezones() - {"Etc/UTC"} else "UTC"
