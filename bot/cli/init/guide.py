"""The set-up from the first question to the first message."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

import tzlocal

from bot.cli.console import warn
from bot.cli.init import writing
from bot.cli.init.questions import Prepared, Typed, WrongAnswerError, prepared
from bot.cli.init.session import Chosen, Session
from bot.cli.init.wording import LANGUAGES, wording
from bot.cli.program import set_up_log
from bot.config.fields import nearest_zone
from bot.config.loading import files
from bot.delivery.hours import DeliveryHours
from bot.errors import SettingsError

if TYPE_CHECKING:
    from bot.cli.init.source import Look
    from bot.config.settings import Settings

STOPPED = 130  # as a shell says of what Ctrl-C ended
_PLATFORMS = ("telegram", "slack")
_USUAL_HOUR = "08:30"
_HALF_DAY = 12  # hours
_TIME = re.compile(
    r"(?P<before>오전|오후)?\s*(?P<hour>\d{1,2})\s*"
    r"(?:[:.](?P<minute>\d{2})|시\s*(?:(?P<minutes>\d{1,2})\s*분|(?P<half>반))?)?\s*(?P<after>[ap]\.?m\.?)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that was answered, before anything is written."""

    tables: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    titles: Mapping[str, str]  # of the chats, by address
    sends: bool  # the first paper
    is_answering: bool  # readers, while it runs


def run(config: Path | None, answers: Path | None) -> int:
    """Ask, check, write and send; give the exit code. Nothing is written before these questions are answered."""
    said = wording(_language())
    questions = prepared(answers) if answers else Typed(said)
    stopped = said.stopped
    try:
        said = wording(questions.choose("language", "언어 · Language", LANGUAGES, said.language))
        stopped, session = said.stopped, Session(questions.in_language(said), said, files(config)[0])
        session.questions.show(said.enter)
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
    if isinstance(questions, Prepared):
        _check_ahead(session, questions)
    platform = _ask_platform(session)
    names = _named(platform)
    chosen = [_set_up(session, name) for name in names]
    look = source.set_up(session)
    at, zone = _ask_hour(session), _ask_zone(session)
    tables: dict[str, Any] = {"language": said.language, "timezone": zone, **look.chosen.tables, "schedule": {"at": at}}
    secrets: dict[str, str] = {}
    titles: dict[str, str] = {}
    for one in chosen:
        tables |= one.tables
        secrets |= one.secrets
        titles |= one.titles
    plan = _Plan(tables, secrets, titles, False, any(one.is_answering for one in chosen))
    return replace(plan, sends=_shall_send(session, names[0], look, plan))


def _check_ahead(session: Session, answers: Prepared) -> None:
    """Refuse what is wrong in a file of answers whatever the network says, before that is asked."""
    from bot.cli.init import source

    said, platform = session.said, _ask_platform(session)
    needed = {
        "telegram": {"telegram_token": said.which_bot, "telegram_chat": said.telegram_chat},
        "slack": {"slack_bot_token": said.which_app, "slack_chat": said.slack_chat},
    }
    for key, question in (pair for name in _named(platform) for pair in needed[name].items()):
        answers.require(key, question)
    source.ask_kind(session)
    for ask in (_ask_hour, _ask_zone, _ask_sending, _ask_service):
        ask(session)


def _named(platform: str) -> list[str]:
    return [name for name in _PLATFORMS if platform in (name, "both")]


def _ask_platform(session: Session) -> str:
    return session.questions.choose("platform", session.said.platform, session.said.platforms)


def _ask_hour(session: Session) -> str:
    return session.questions.ask("at", session.said.hour, lambda answer: _hour(session, answer), default=_USUAL_HOUR)


def _ask_zone(session: Session) -> str:
    said = session.said
    default = _machine_zone(said.language)
    return session.questions.ask("timezone", said.zone, lambda answer: _zone(session, answer), default=default)


def _ask_sending(session: Session, question: str = "") -> bool:
    options = {"yes": session.said.send_now, "no": session.said.send_nothing}
    return session.questions.choose("send", question, options, "yes") == "yes"


def _set_up(session: Session, platform: str) -> Chosen:
    """Ask for what a platform needs; its SDK takes long to import."""
    chosen: Chosen = import_module(f"bot.cli.init.{platform}").set_up(session)
    return chosen


def _require_place(session: Session) -> None:
    """Raise SettingsError where nothing can be written, or what is there shall stay."""
    file, said = session.file, session.said
    writing.require_writable(file.parent)
    there = [path for path in (file, writing.environment_file(file)) if path.exists()]
    if not there:
        return
    options = {"no": said.keep, "yes": said.replace_them}
    if session.questions.choose("replace", said.replace([*map(str, there)]), options, "no") == "no":
        kept = said.kept_by_file if isinstance(session.questions, Prepared) else said.kept
        raise SettingsError(kept.format(files=", ".join(map(str, there))))


def _ask_service(session: Session) -> bool:
    return session.questions.choose("service", session.said.service, session.said.yes_or_no, "no") == "yes"


def _shall_send(session: Session, channel: str, look: Look, plan: _Plan) -> bool:
    """Show the newest digest as it would look, and ask whether its first paper shall be sent."""
    from bot.cli.init import first_message

    if not look.newest:
        return False
    said, settings = session.said, session.settings(plan.tables, plan.secrets)
    first_message.show(session, settings, channel, look.newest)
    return _ask_sending(
        session, f"{said.send.format(chats=', '.join(plan.titles.values()))}\n{_rest(session, settings)}"
    )


def _rest(session: Session, settings: Settings) -> str:
    """Say when the messages come that are not sent now."""
    hours = DeliveryHours.for_chat(settings)
    phrase = session.said.rest_when_run if hours.is_open(datetime.now(UTC)) else session.said.rest
    return phrase.format(at=f"{hours.at:%H:%M}", zone=hours.zone, command=session.command("deliver"))


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
    _go_on(session, settings, plan)
    if writing.has_systemd() and _ask_service(session):
        writing.install(session, writing.unit_for(file))


def _go_on(session: Session, settings: Settings, plan: _Plan) -> None:
    """Say which commands come next."""
    said = session.said
    run = (said.run_and_answer if plan.is_answering else said.run).format(
        at=f"{settings.schedule.at:%H:%M}", zone=settings.timezone
    )
    lines = {"doctor": said.doctor, "deliver": said.deliver_rest if plan.sends else said.deliver, "run": run}
    commands = [session.command(name) for name in lines]
    session.tell(f"\n{said.go_on_with}")
    for command, does in zip(commands, lines.values(), strict=True):
        session.tell(f"  {command:{max(map(len, commands))}}  {does}")


def _language() -> str:
    """Guess the language from that of the shell."""
    spoken = next(filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "ko" if spoken.startswith("ko") else "en"


def _hour(session: Session, answer: str) -> str:
    try:
        return read_time(answer)
    except ValueError:
        raise WrongAnswerError(session.said.no_hour) from None


def read_time(answer: str) -> str:
    """Read a time of day as people write it, "8", "8시 반", "7.15pm", as "HH:MM"; ValueError for what is none."""
    found = _TIME.fullmatch(answer.strip())
    if not found:
        raise ValueError(answer)
    part = (found["before"] or found["after"] or "").lower()
    hour, minute = int(found["hour"]), 30 if found["half"] else int(found["minute"] or found["minutes"] or 0)
    if part and not 1 <= hour <= _HALF_DAY:
        raise ValueError(answer)
    if part:
        hour = hour % _HALF_DAY + (_HALF_DAY if part.startswith(("p", "오후")) else 0)
    return time(hour, minute).isoformat("minutes")


def _zone(session: Session, answer: str) -> str:
    zones = available_timezones()
    if answer not in zones:
        near = nearest_zone(answer, zones)
        phrase = session.said.near_zone if near else session.said.no_zone
        raise WrongAnswerError(phrase.format(zone=answer, near=near))
    return answer


def _machine_zone(language: str) -> str:
    """Give the time zone of this machine by its name; where it shows UTC, as servers do, that of the language."""
    try:
        name = tzlocal.get_localzone_name()
    except Exception:  # noqa: BLE001 - whatever is wrong with the machine's clock, a question can be asked
        name = ""
    usual = "Asia/Seoul" if language == "ko" else "UTC"
    return name if name in available_timezones() - {"Etc/UTC", "UTC"} else usual
