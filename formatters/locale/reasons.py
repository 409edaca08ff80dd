"""What the ledger and the log say in English, in the language of who reads it.

Reasons are written in English, and ledgers keep them. Our own sentences are known here; a platform's words are quoted.
"""

from __future__ import annotations

import re
from functools import lru_cache

# The English sentences, where {} holds what differs, and the same in Korean.
_KOREAN = {
    # what platforms refuse, and what to do
    "Telegram asks to wait: {}": "텔레그램이 기다리라고 합니다: {}",
    "Telegram refuses this message: {}": "텔레그램이 이 메시지를 거절했습니다: {}",
    "not deleted, it stays: {}": "지우지 못해 그대로 둡니다: {}",
    "Telegram deletes within 48 hours": "텔레그램은 48시간 안에만 지웁니다",
    "Telegram refuses the token": "텔레그램이 토큰을 받아들이지 않습니다",
    "get a new one from @BotFather and set telegram.token": ""
    "@BotFather에게 새 토큰을 받아 telegram.token에 넣어 주세요",
    "Telegram cannot be reached, something else answers: {}": "텔레그램 대신 다른 서버가 답합니다: {}",
    "Telegram cannot be reached: {}": "텔레그램에 연결할 수 없습니다: {}",
    "Telegram does not answer": "텔레그램이 답하지 않습니다",
    "Telegram's answer was lost ({})": "텔레그램의 답을 받지 못했습니다({})",
    "Telegram's answer makes no sense ({})": "텔레그램의 답을 이해할 수 없습니다({})",
    "{} became the supergroup {}": "{} 그룹이 슈퍼그룹 {}이(가) 되었습니다",
    "the chat became {} since": "그 뒤 채팅이 {}(으)로 바뀌었습니다",
    "add the bot to the chat again and let it post": "봇을 채팅에 다시 추가하고 글을 쓸 수 있게 해 주세요",
    "check the address, and that the bot is a member that may post": "주소와, 봇이 글을 쓸 수 있는지 확인해 주세요",
    "blocked by its reader": "독자가 봇을 차단했습니다",
    "the bot was taken out of the chat": "봇이 채팅에서 나왔습니다",
    "asking for a doubtful send changed message {}, an older one of the bot's": ""
    "확인하다가 봇의 이전 메시지 {}을(를) 고쳤습니다",
    "another program asks for this bot's updates": "다른 프로그램이 이 봇의 업데이트를 받고 있습니다",
    "end it, or give each its own token": "그 프로그램을 끝내거나 토큰을 따로 쓰세요",
    "a webhook was set for this bot": "이 봇에 웹훅이 설정되어 있었습니다",
    "it is taken away, since telegram.listen is polling": "telegram.listen이 polling이므로 웹훅을 지웠습니다",
    "what came in makes no sense ({})": "받은 내용을 이해할 수 없습니다({})",
    "Slack asks to wait: {}": "슬랙이 기다리라고 합니다: {}",
    "Slack refuses this message: {}": "슬랙이 이 메시지를 거절했습니다: {}",
    "Slack refuses the app: {}": "슬랙이 앱을 받아들이지 않습니다: {}",
    "check slack.bot_token and reinstall the app": "slack.bot_token을 확인하고 앱을 다시 설치해 주세요",
    "Slack cannot be reached: {}": "슬랙에 연결할 수 없습니다: {}",
    "Slack's answer was lost ({})": "슬랙의 답을 받지 못했습니다({})",
    "the connection has been gone for {} seconds": "{}초 동안 연결이 끊겨 있습니다",
    "check the id, and invite the app: /invite in the channel": ""
    "아이디를 확인하고, 채널에서 /invite로 앱을 초대해 주세요",
    "unarchive the channel or take it out of slack.chats": "채널의 보관을 풀거나 slack.chats에서 빼 주세요",
    "invite the app: /invite in the channel": "채널에서 /invite로 앱을 초대해 주세요",
    "let apps post in this channel": "이 채널에 앱이 글을 쓸 수 있게 해 주세요",
    "allow threads in this channel, or set slack.layout to messages": "이 채널에 스레드를 허용하거나 slack.layout을 "
    "messages로 바꿔 주세요",
    "allow messages in this channel": "이 채널에 메시지를 허용해 주세요",
    "unlock the thread": "스레드의 잠금을 풀어 주세요",
    "turn the app's messages tab on": "앱의 메시지 탭을 켜 주세요",
    "ask the workspace's administrators": "워크스페이스 관리자에게 물어보세요",
    "the parent of the thread cannot be answered any more": "스레드의 첫 메시지에 더는 답할 수 없습니다",
    "check the id": "아이디를 확인해 주세요",
    "name a channel or a person": "채널이나 사람을 지정해 주세요",
    "the app was taken out of the channel": "앱이 채널에서 나왔습니다",
    "the channel was archived": "채널이 보관되었습니다",
    "the channel was deleted": "채널이 지워졌습니다",
    "the platform asked the bot to wait": "플랫폼이 기다리라고 합니다",
    # what cannot be found out
    "this platform does not tell": "이 플랫폼은 알려 주지 않습니다",
    "look into the chat": "채팅을 확인해 주세요",
    "look into the channel": "채널을 확인해 주세요",
    'take the right "edit messages" from the bot so that it can look itself': ""
    "봇의 ‘메시지 수정’ 권한을 빼면 스스로 확인합니다",
    "not among the {} messages that came next": "그 뒤의 메시지 {}개 가운데에 없습니다",
    "not among {} messages since the last known one": "마지막으로 아는 메시지 뒤의 {}개 가운데에 없습니다",
    "the app may not read this channel": "앱이 이 채널을 읽을 수 없습니다",
    "give it channels:history and invite it": "channels:history 권한을 주고 초대해 주세요",
    "the papers of its thread wait for it": "스레드의 논문들이 이 메시지를 기다립니다",
    # posts
    "the post has no papers yet": "글에 아직 논문이 없습니다",
    "the post shrank from {} papers to {}": "글의 논문이 {}편에서 {}편으로 줄었습니다",
    "{} of the post's {} papers say nothing yet": "글의 논문 {1}편 중 {0}편에 아직 내용이 없습니다",
    "{} of the post's {} sections say nothing yet": "글의 절 {1}개 중 {0}개에 아직 내용이 없습니다",
    "it is not edited before that has lasted for gate_wait": "gate_wait 동안 그대로이면 그때 고칩니다",
    "the post lost all its papers": "글에서 논문이 모두 없어졌습니다",
    "the post changed after edits_for": "edits_for가 지난 뒤에 글이 바뀌었습니다",
    "what was delivered stays": "보낸 것은 그대로 둡니다",
    "the post stayed without papers": "글에 끝내 논문이 없었습니다",
    "the post was taken away before it was finished": "글이 완성되기 전에 없어졌습니다",
    "more digests were missed than catch_up delivers": "놓친 글이 catch_up보다 많습니다",
    "given up by the operator": "운영자가 포기했습니다",
    "dropped by the operator": "운영자가 뺐습니다",
    "older than schedule.keep: which chats hold it is not known any more": ""
    "schedule.keep보다 오래되어 어느 채팅에 있는지 더는 알 수 없습니다",
    "it is new when its post changes": "글이 바뀌면 새 글로 봅니다",
    "the post is dated {}": "글의 날짜가 {}입니다",
    "it is held until that day": "그날까지 보류합니다",
    "dated more than 14 days before it was found": "날짜가 발견한 날보다 14일 넘게 앞섭니다",
    "it is in the archive, not sent": "보관만 하고 보내지 않습니다",
    # what was read of posts
    "1 post read, none is a digest": "글 1편을 읽었지만 다이제스트가 없습니다",
    "{} posts read, none is a digest": "글 {}편을 읽었지만 다이제스트가 없습니다",
    "no paper was read in the newest post": "가장 새 글에서 논문을 읽지 못했습니다",
    "nearest: {} line {} `{}`: {}": "가장 가까운 곳: {} {}행 {}: {}",
    "nearest: {}: {}": "가장 가까운 곳: {}: {}",
    "no link to a paper in or under it": "그 안에도 아래에도 논문 링크가 없습니다",
    "it links a paper in its text only, and no other heading does": ""
    "본문에서만 논문을 링크하고, 그런 제목이 더 없습니다",
    "{} of {} such headings have a link to a paper in or under them, too few for a digest": ""
    "이런 제목 {1}개 중 {0}개에만 논문 링크가 있어 다이제스트로 보기에 적습니다",
    "papers in a list or table, but it is less than a quarter of the post": ""
    "논문이 목록이나 표에 있지만 글의 4분의 1이 되지 않습니다",
    "links to {} papers under it, and none of them in a line of its own": ""
    "아래에 논문 {}편의 링크가 있고, 그중 따로 한 줄에 있는 것이 없습니다",
    "a link to a paper, but the only heading over it is the title of the post": ""
    "논문 링크가 있지만 위의 제목이 글 제목뿐입니다",
    "a link to a paper under it, but it is a date and no title": "아래에 논문 링크가 있지만 제목이 아니라 날짜입니다",
    "a link to a paper under it, but its name is that of a section, and no title": ""
    "아래에 논문 링크가 있지만 논문 제목이 아니라 절 이름입니다",
    "a link to a paper under it, but its name comes again over other papers": ""
    "아래에 논문 링크가 있지만 같은 이름이 다른 논문 위에도 있습니다",
    "a link to a paper, but not every item of this list is a paper of its own": ""
    "논문 링크가 있지만 목록의 모든 항목이 저마다 논문인 것은 아닙니다",
    "a link to a paper, but no cell of this row is a title": "논문 링크가 있지만 이 행에 제목인 칸이 없습니다",
    "a link to a paper, but no heading, list or table that holds it": ""
    "논문 링크가 있지만 그것을 담은 제목, 목록, 표가 없습니다",
    "its front matter says that it is not published yet": "머리말에 아직 공개하지 않은 글이라고 되어 있습니다",
    'a digest, but match = "{}" leaves it out': "다이제스트이지만 match = {}에 맞지 않습니다",
    # sources and the ledger
    "source {}: {}": "소스 {}: {}",
    "check path in this source's settings, and the folder's rights": "소스의 path 설정과 폴더의 권한을 확인해 주세요",
    "ledger {}: {}": "원장 {}: {}",
    "check the folder and its rights": "폴더와 그 권한을 확인해 주세요",
}
_JOINED = re.compile(r"(?<=[^;]); (?=\S)(?=[^`]*(?:`[^`]*`[^`]*)*$)")  # not within what is quoted


def in_language(text: str, language: str) -> str:
    """Say a reason in a language: our own sentences in it, the words of others in quotation marks."""
    if language != "ko":
        return text
    return "; ".join(map(_korean, _JOINED.split(text)))


@lru_cache(512)
def _korean(part: str) -> str:
    if not re.search("[A-Za-z]", part):
        return part
    for known, said in _patterns():
        if found := known.fullmatch(part):
            return said.format(*map(_korean_detail, found.groups()))
    return f"“{part}”"


def _korean_detail(text: str) -> str:
    """Leave names, codes and numbers as they are; sentences are somebody's words."""
    return _korean(text) if " " in text.strip() else text


@lru_cache(1)
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [
        (re.compile(re.escape(known).replace(r"\{\}", "(.+?)"), re.DOTALL), said) for known, said in _KOREAN.items()
    ]
