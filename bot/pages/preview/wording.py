"""What the page of the preview says, in Korean and English."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    title: str
    hint: str
    chats: str
    bot: str
    app: str
    counts: dict[str, str]  # what is counted: {used} of {most}
    silent: str
    loud: str
    reading: str
    reading_hint: str
    kept: str  # before the reason
    nothing: str
    ended: str


KO = Wording(
    title="미리 보기",
    hint="이 글로 보낼 메시지입니다. 아무것도 보내지 않습니다.",
    chats="창 고르기",
    bot="봇",
    app="앱",
    counts={
        "characters": "{used} / {most}자",
        "own_characters": "{used} / {most}자 (Paperboy의 한도)",
        "entities": "서식 {used} / {most}",
        "buttons": "버튼 {used} / {most}",
        "blocks": "블록 {used} / {most}",
    },
    silent="무음",
    loud="소리",
    reading="글을 읽은 방법",
    reading_hint="paperboy explain",
    kept="지금 파일은 보여 줄 수 없어서 마지막으로 읽힌 내용을 보여 줍니다:",
    nothing="보낼 것이 없습니다.",
    ended="미리 보기가 끝났습니다. 터미널에서 다시 시작하면 이 페이지도 이어집니다.",
)
EN = Wording(
    title="Preview",
    hint="What would be sent of these posts. Nothing is sent.",
    chats="Panes",
    bot="bot",
    app="APP",
    counts={
        "characters": "{used} / {most} characters",
        "own_characters": "{used} / {most} characters (Paperboy's own limit)",
        "entities": "{used} / {most} entities",
        "buttons": "{used} / {most} buttons",
        "blocks": "{used} / {most} blocks",
    },
    silent="silent",
    loud="with a sound",
    reading="How it was read",
    reading_hint="paperboy explain",
    kept="What stands here was read last; the file cannot be shown as it is now:",
    nothing="Nothing would be sent.",
    ended="The preview has ended. Start it again in the terminal, and this page goes on.",
)


def wording(language: str) -> Wording:
    return KO if language == "ko" else EN
