"""What the page of the demo says, in Korean and English."""

from __future__ import annotations

from dataclasses import dataclass

# A sign for each state of a delivery, beside its name.
SIGNS = {
    "pending": "·",
    "sending": "→",
    "sent": "✓",
    "stale": "✎",
    "editing": "⇢",
    "failed": "✕",
    "unconfirmed": "?",
}


@dataclass(frozen=True, slots=True)
class Wording:
    title: str
    hint: str  # with {line}
    progress: str  # with {sent} and {all}
    ended: str
    bot: str
    write: str  # the label of where lines are typed, with {place}
    send: str
    thread: str
    replies: str  # with {count}
    only_you: str
    app: str
    you: str
    addition: str  # to a title that is mended
    chats: str
    promise: str
    promise_hint: str
    actions: dict[str, str]  # by action
    ledger: str
    chat: str
    index: str
    working: str
    no_more: str
    lines: dict[str, str]  # what an action did, by action
    states: dict[str, str]  # of deliveries
    missed: str  # nothing went wrong where it was to, with {number} and {missed}
    all_there: str  # with {telegram} and {slack}
    not_all_there: str
    broken: str


KO = Wording(
    title="Paperboy 데모",
    hint="오늘의 논문이 두 곳에 도착합니다. 아래에 {line} 이라고 쳐 보세요.",
    progress="메시지 {all}개 중 {sent}개 전달",
    ended="데모가 끝났습니다. 터미널에서 다시 시작하면 이 페이지도 이어집니다.",
    bot="봇",
    write="{place}에 쓰기",
    send="보내기",
    thread="스레드",
    replies="댓글 {count}개",
    only_you="나에게만 표시",
    app="앱",
    you="나",
    addition="(정정)",
    chats="채팅",
    promise="약속 지켜보기",
    promise_hint="일부러 탈을 내 보세요. 빠지는 논문도, 두 번 오는 논문도 없습니다.",
    actions={"mend": "제목 고치기", "add": "논문 추가", "drop": "응답 잃기", "stop": "보내는 중에 멈추기"},
    ledger="원장",
    chat="채팅",
    index="목록",
    working="진행 중…",
    no_more="더 추가할 논문이 없습니다. 데모를 다시 시작해 주세요.",
    lines={
        "mend": "논문 {number}번의 제목을 고쳤습니다. 그 자리에서 수정한 메시지 {edits}개, 새로 보낸 메시지 {sends}개.",
        "add": "논문 {number}번을 추가했습니다. 새로 보낸 메시지 {sends}개, 목록을 그 자리에서 수정한 횟수 {edits}번.",
        "drop": "논문 {number}번에 대한 Telegram의 응답을 잃었습니다. "
        "원장은 ‘확인 안 됨’으로 적고 찾아본 뒤, 도착한 것을 알았습니다.",
        "stop": "논문 {number}번을 보내는 중에 멈추고 같은 원장으로 다시 시작했습니다. "
        "Telegram에는 와 있어서 다시 보내지 않았고, Slack에는 없어서 보냈습니다.",
    },
    states={
        "pending": "대기",
        "sending": "보내는 중",
        "sent": "전달됨",
        "stale": "수정 대기",
        "editing": "수정 중",
        "failed": "실패",
        "unconfirmed": "확인 안 됨",
    },
    missed="논문 {number}번을 추가했지만, {missed}에는 새로 보낼 메시지가 없어서 탈도 나지 않았습니다.",
    all_there="지금 전달된 메시지: Telegram {telegram}개, Slack {slack}개. 빠진 것도, 두 번 온 것도 없습니다.",
    not_all_there="채팅과 원장이 다릅니다. 결함이니 알려 주세요.",
    broken="오류가 나서 여기서 멈추었습니다. 터미널에 적힌 내용을 알려 주세요. 다른 버튼은 계속 쓸 수 있습니다.",
)
EN = Wording(
    title="Paperboy demo",
    hint="Today's papers arrive in two places. Type {line} below.",
    progress="{sent} of {all} messages delivered",
    ended="The demo has ended. Start it again in the terminal, and this page goes on.",
    bot="bot",
    write="Write to {place}",
    send="Send",
    thread="Thread",
    replies="Replies: {count}",
    only_you="Only visible to you",
    app="APP",
    you="You",
    addition="(corrected)",
    chats="Chats",
    promise="Watch the promise",
    promise_hint="Let something go wrong: no paper is lost, and none comes twice.",
    actions={
        "mend": "Mend a title",
        "add": "Add a paper",
        "drop": "Drop an answer",
        "stop": "Stop in mid-send",
    },
    ledger="Ledger",
    chat="chat",
    index="index",
    working="Under way…",
    no_more="There are no more papers to add. Start the demo again.",
    lines={
        "mend": "The title of paper {number} was mended: messages edited in place: {edits}, sent anew: {sends}.",
        "add": "Paper {number} was added: new messages: {sends}, edits of the lists in place: {edits}.",
        "drop": "Telegram's answer for paper {number} was lost. The ledger kept it as unconfirmed, looked for it, and "
        "found that it had arrived.",
        "stop": "Stopped while paper {number} was being sent, and begun anew on the same ledger. Telegram had it, so "
        "it was not sent again; Slack had not, so it was sent.",
    },
    states={
        "pending": "pending",
        "sending": "sending",
        "sent": "sent",
        "stale": "to be edited",
        "editing": "editing",
        "failed": "failed",
        "unconfirmed": "unconfirmed",
    },
    missed="Paper {number} was added, but no new message was due in {missed}, so nothing went wrong there.",
    all_there="Messages delivered by now: Telegram {telegram}, Slack {slack}; none lost, none twice.",
    not_all_there="The chats differ from the ledger. This is a fault, please report it.",
    broken="An error ended this; please report what the terminal says. You can go on with any button.",
)


def wording(language: str) -> Wording:
    return KO if language == "ko" else EN
