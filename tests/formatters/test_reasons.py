"""What the ledger says in English is said in the reader's language; the words of others are quoted."""

from __future__ import annotations

import re

import pytest

from bot.channels.slack.api import errors as slack_errors
from bot.channels.slack.events import _LEFT
from bot.database.reasons import Cause, Reason
from bot.database.states import DigestState
from bot.sources.posts.papers import misses
from bot.sources.survey import Miss, Reached
from formatters.locale.reasons import in_language

_QUOTED = re.compile("“[^”]*”")
# Names of settings, commands and rights stay as they are.
_NAMES = re.compile(r"[\w@./:-]*[._/:@-][\w./:-]*|edits_for|gate_wait|catch_up|messages|polling")


def english_left(text: str) -> list[str]:
    """List the English words that are neither quoted nor a name."""
    return re.findall("[A-Za-z]{2,}", _NAMES.sub("", _QUOTED.sub("", text)))


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.OTHER])
@pytest.mark.parametrize("state", [DigestState.HELD, DigestState.ACTIVE])
def test_why_a_digest_waits_is_said_in_korean(cause: Cause, state: DigestState) -> None:
    said = in_language(Reason(cause, (2026, 11, 27)).sentence(state), "ko")
    assert english_left(said) == []
    assert "“" not in said


@pytest.mark.parametrize("cure", sorted({*slack_errors.CHAT_FAULTS.values(), *_LEFT.values()}))
def test_what_to_do_is_said_in_korean(cure: str) -> None:
    assert english_left(in_language(f"is_archived; {cure}", "ko")) == []


@pytest.mark.parametrize(
    "reason",
    [value for name, value in vars(misses).items() if name.isupper() and isinstance(value, str)],
)
@pytest.mark.parametrize("reached", ["1 post read, none is a digest", "no paper was read in the newest post"])
def test_what_was_nearest_to_a_paper_is_said_in_korean(reached: str, reason: str) -> None:
    miss = Miss(Reached.LINKS, reason.replace("{}", "2"), 3, "## 1. A title; a `second`", "2026-03-31.md")
    said = in_language(f"{reached}; nearest: {miss}", "ko")

    assert english_left(said) == []
    assert re.findall(_QUOTED, said) == ["“## 1. A title; a 'second'”"]


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        (
            "Forbidden: bot was kicked from the group chat; add the bot to the chat again and let it post",
            "“Forbidden: bot was kicked from the group chat”; 봇을 채팅에 다시 추가하고 글을 쓸 수 있게 해 주세요",
        ),
        (
            "Telegram refuses this message: Bad Request: text is too long",
            "텔레그램이 이 메시지를 거절했습니다: “Bad Request: text is too long”",
        ),
        ("Slack refuses this message: invalid_blocks", "슬랙이 이 메시지를 거절했습니다: invalid_blocks"),
        ("the post shrank from 19 papers to 3", "글의 논문이 19편에서 3편으로 줄었습니다"),
        ("3 of the post's 19 papers say nothing yet", "글의 논문 19편 중 3편에 아직 내용이 없습니다"),
        (
            "source blog: /srv/_posts: No such file; check path in this source's settings, and the folder's rights",
            "소스 blog: “/srv/_posts: No such file”; 소스의 path 설정과 폴더의 권한을 확인해 주세요",
        ),
        (
            "2 posts read, none is a digest; nearest: a b.md: larger than a post may be",
            "글 2편을 읽었지만 다이제스트가 없습니다; 가장 가까운 곳: “a b.md”: “larger than a post may be”",
        ),
        (
            "3 posts read, none is a digest; nearest: a.md: its front matter says that it is not published yet",
            (
                "글 3편을 읽었지만 다이제스트가 없습니다; "
                "가장 가까운 곳: a.md: 머리말에 아직 공개하지 않은 글이라고 되어 있습니다"
            ),
        ),
        ("", ""),
        ("2026-11-26 08:30", "2026-11-26 08:30"),
    ],
)
def test_the_words_of_others_are_quoted(english: str, korean: str) -> None:
    assert in_language(english, "ko") == korean
    assert in_language(english, "en") == english
