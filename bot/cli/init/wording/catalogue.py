"""What the set-up says; a phrase that a language lacks is a type error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one language; comments name the fields of a template."""

    language: str
    enter: str  # said once: what Enter alone means
    pick: Callable[[int], str]  # number of options

    replace: Callable[[Sequence[str]], str]  # files
    keep: str
    replace_them: str
    kept: str  # {files}
    kept_by_file: str  # {files}
    platform: str
    platforms: Mapping[str, str]  # name, or "both", to what is said

    which_bot: str
    not_a_bot: str
    bot_refused: str
    telegram_chat: str  # {bot}
    no_address: str
    waiting: str
    found_chat: str  # {title} {address}
    which_found: str
    wait_on: str
    other_program: str
    missing_rights: Mapping[str, str]  # name of a MissingRight to how it is given: {bot}
    look_again: str
    other_chat: str
    go_on: str

    has_app: str
    has_app_options: Mapping[str, str]  # "yes", "no"
    manifest: str  # {file}
    manifest_file: str  # {file}
    which_app: str
    not_an_app: str
    app_refused: str
    lacking_scopes: str  # {scopes}
    socket_app: str
    not_a_socket_app: str
    listens: str
    only_delivers: str
    slack_chat: str
    not_invited: str  # {app}
    no_channel: str
    not_writable: Mapping[str, str]  # code of Slack to how it is mended: {app}

    source: str
    source_kinds: Mapping[str, str]
    source_addresses: Mapping[str, str]  # kind to the question
    nothing_said: str
    no_folder: str  # {path}
    no_web_address: str
    looking: str
    posts_found: Callable[[int, int, int], str]  # posts, digests, papers
    more: Callable[[int], str]  # papers that are not shown
    no_papers_now: str
    nearest: str
    lost: str  # {line} {words}
    explain: str  # {command}
    no_digest: str
    other_source: str
    go_on_without_digest: str

    hour: str
    no_hour: str
    zone: str
    no_zone: str  # {zone}
    near_zone: str  # {zone} {near}

    headings: Mapping[str, str]  # "index", "paper" (the first one) and "digest" (all in one), of what is shown
    more_messages: Callable[[int], str]
    send: str  # {chats}
    rest: str  # {at} {zone} {command}
    rest_when_run: str  # {command}
    send_now: str
    send_nothing: str
    sent: str
    nothing_to_send: str  # {command}

    comment: str  # at the top of the settings
    written: str  # {file} {env}
    go_on_with: str
    doctor: str
    deliver: str
    deliver_rest: str
    run: str  # {at} {zone}
    run_and_answer: str  # {at} {zone}
    service: str
    yes_or_no: Mapping[str, str]
    service_commands: str
    service_runs: str
    stopped: str
    stopped_at_last: str
