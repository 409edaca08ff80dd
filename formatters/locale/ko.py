"""Korean."""

from __future__ import annotations

from datetime import date

from formatters.locale import Phrases

_WEEKDAYS = "월화수목금토일"


def _day(day: date) -> str:
    return f"{day.year}년 {day.month}월 {day.day}일 ({_WEEKDAYS[day.weekday()]})"


def _earlier(day: date, today: date, series: str) -> str:
    year = f"{day.year}년 " if day.year != today.year else ""
    when = "같은 날" if day == today else f"{year}{day.month}월 {day.day}일"
    return f"{when} {series}에도 소개" if series else f"{when}에도 소개"


PHRASES = Phrases(
    language="ko",
    day=_day,
    papers=lambda count: f"논문 {count}편",
    goal="목표",
    contribution="기여",
    result="결과",
    earlier=_earlier,
    help="매일 새 논문 요약을 전해 드리는 Paperboy입니다. 이렇게 말을 걸어 주세요.",
    which_paper="몇 번 논문을 볼까요? 1부터 {last}까지의 번호를 붙여 주세요. 예: /paper 1",
    no_such_paper="{number}번 논문은 없습니다. 번호는 1부터 {last}까지입니다.",
    no_such_id="{paper} 논문은 아직 소개된 적이 없습니다.",
    no_such_title="제목에 ‘{words}’ 검색어가 들어간 논문이 없습니다. /search 로 본문까지 찾을 수 있습니다.",
    no_such_day="{day}에는 소개된 논문이 없습니다. 논문이 있는 가까운 날은 다음과 같습니다.",
    paper_gone="이 논문은 이제 목록에 없습니다.",
    stands_above="조금 전에 이곳에 올려 드린 논문입니다. 위에서 보실 수 있습니다.",
    no_digest="아직 받은 논문이 없습니다.",
    unknown_command="모르는 명령입니다: {command}. /help 를 보내면 할 수 있는 일을 알려 드립니다.",
    way_out="/help 를 보내면 할 수 있는 일을 알려 드립니다.",
    which_of="어느 논문인가요?",
    which_list="어느 목록을 볼까요?",
    tap_one="논문을 고르면 전체 요약을 보여 드립니다.",
    full_summary="전체 요약",
    share="채널에 공유",
    paper_before="◀ {number}번 논문",
    paper_after="{number}번 논문 ▶",
    papers_of_day="그날의 논문",
    blog_post="블로그 글",
    copy="제목과 주소 복사",
    previous="◀ 이전",
    next="다음 ▶",
    search_what="무엇을 찾을까요? 예: /search 확산 모델",
    found=lambda words, count: f"‘{words}’ 검색 결과 {count}편",
    nothing_found="‘{words}’ 검색 결과가 없습니다. 검색어를 줄이거나 영어로도 찾아 보세요.",
    stale_page="이 목록은 오래되었습니다. 다시 검색해 주세요.",
    welcome="안녕하세요! 매일 새 논문 요약을 전해 드리는 Paperboy입니다. 관리자가 버튼을 누르면 이곳에서 구독합니다.",
    welcome_members="안녕하세요! 매일 새 논문 요약을 전해 드리는 Paperboy입니다. "
    "워크스페이스 멤버라면 누구나 버튼을 눌러 이 채널에서 구독할 수 있습니다.",
    subscribe="구독",
    subscribe_now="구독하고 최신 논문 바로 받기",
    unsubscribe="구독 취소",
    subscribed="구독했습니다. {when}에 새 논문을 보내 드립니다. /settings 에서 바꿀 수 있습니다.",
    subscribed_now="구독했습니다. 최신 논문을 곧 보내 드립니다.",
    already_subscribed="이미 구독 중입니다. {when}에 새 논문을 보내 드립니다.",
    unsubscribed="구독을 취소했습니다. /subscribe 로 언제든 다시 구독할 수 있습니다.",
    not_subscribed="구독하고 있지 않습니다. /subscribe 로 구독할 수 있습니다.",
    administrators_only="이곳의 관리자만 할 수 있습니다.",
    members_only="채널에 앱을 초대할 수 있는 이 워크스페이스의 멤버와 봇 운영자만 구독할 수 있습니다. "
    "게스트는 할 수 없습니다.",
    managers_only="워크스페이스 관리자, 이 채널을 만든 사람, 봇 운영자만 할 수 있습니다.",
    operators_only="봇 운영자만 할 수 있습니다.",
    slow_down="조금 천천히 부탁드립니다. 잠시 뒤에 다시 답해 드릴게요.",
    busy="여기에 질문이 많이 몰렸습니다. 1분 뒤에 다시 답해 드립니다. 개인 대화에서는 언제든지 답해 드립니다.",
    settings="설정",
    receives="구독 중입니다.",
    receives_not="구독하고 있지 않습니다.",
    closed="메시지를 보낼 수 없어 멈춘 상태입니다.",
    layout="보기",
    layouts={
        "messages": "논문마다 한 메시지",
        "thread": "목록 아래 스레드로",
        "digest": "한 메시지에 모아서",
        "index": "목록만",
    },
    cards="카드",
    card_kinds={"folded": "전체 요약을 접어서", "short": "짧게"},
    number_of_cards="카드 수",
    all_cards="모든 논문",
    first_cards=lambda count: f"앞의 {count}편",
    how_many_cards="논문 몇 편을 카드로 보내 드릴까요? 나머지는 목록에 있고, 그 아래 버튼으로 볼 수 있습니다. "
    "다른 수는 이렇게 보내 주세요: /settings 카드 7",
    own_language="언어",
    languages={"ko": "한국어", "en": "English"},
    sound="알림",
    loud="소리",
    silent="무음",
    time="시간",
    when="{days} {at} ({zone})",
    weekdays=("월", "화", "수", "목", "금", "토", "일"),
    every_day="매일",
    set_time="시간은 이렇게 바꿉니다: {example}",
    choose_time="시간 고르기",
    sources="출처",
    choose_sources="출처 고르기",
    take="받기",
    leave="받지 않기",
    last_source="하나는 남아 있어야 합니다. 모두 그만 받으려면 /unsubscribe 를 보내 주세요.",
    reset="기본값으로",
    saved="저장했습니다.",
    not_understood="모르는 설정입니다: {word}. 예: {example}",
    did_you_mean="혹시 ‘{near}’ 말씀이신가요?",
    status="{digest} · {papers}",
    status_line="채팅 {chats}곳, 메시지 {all}개 중 {sent}개 전송",
    states={
        "sent": "전송",
        "pending": "대기",
        "scheduled": "예약",
        "sending": "전송 중",
        "stale": "수정 대기",
        "editing": "수정 중",
        "failed": "실패",
        "unconfirmed": "미확인",
        "discarded": "포기",
        "recalling": "삭제 대기",
        "recalled": "삭제",
    },
    digest_states={"baseline": "이전 글", "held": "보류", "active": "전송", "skipped": "건너뜀"},
    incidents={
        "paused": "⏸ {where}: 전송을 멈췄습니다. {why}",
        "refused": "✖ {where}: 메시지가 거절되었습니다. {why}",
        "unconfirmed": "? {where}: 도착했는지 알 수 없습니다. {why}. "
        "채팅을 확인한 뒤 paperboy retry --unseen 또는 discard",
        "bot": "✖ {where}: 아무것도 보낼 수 없습니다. {why}",
        "held": "⏳ {where}: 보류 중입니다. {why}",
        "silent": "⏰ {where}: 글이 아직 없습니다. 보통 {why}까지는 올라옵니다.",
        "deaf": "✖ {where}: 독자의 말을 듣지 못하고 있습니다. {why}",
        "run": "✖ 실행에 실패했습니다. {why}",
        "source": "✖ {where}: 한 시간째 글을 읽을 수 없습니다. {why}",
        "unread": "✖ {where}: 논문을 읽지 못했습니다. {why}",
        "unsubscribed": "✖ {where}: 설정에 있지만 그 채팅에서 구독을 끊었습니다. "
        "설정에서 빼거나 그곳에서 /subscribe 하게 해 주세요.",
        "week": "✔ 지난 한 주: {why}",
        "twice": "⚠ {where}, {why}: 이름만 다른 같은 채팅이라 한 번만 보냅니다. 설정에서 둘 중 하나를 빼세요.",
        "unfolded": "⚠ {where}에서 접은 요약이 든 메시지를 받아 주지 않아 펼쳐서 보냈습니다. "
        '계속되면 설정에 {where}.cards = "short"를 넣으세요.',
        "clock": "⚠ 이 컴퓨터의 시계가 {why}(시간:분)만큼 뒤로 갔습니다. 원장의 시각도 함께 옮겼습니다. "
        "시스템이 시각을 맞추게 해 주세요(NTP).",
    },
    incidents_over={
        "paused": "✔ {where}: 다시 전송합니다.",
        "bot": "✔ {where}: 다시 보낼 수 있습니다.",
        "silent": "✔ {where}: 글이 올라왔습니다.",
        "deaf": "✔ {where}: 다시 듣고 있습니다.",
        "run": "✔ 다시 정상적으로 실행됩니다.",
        "source": "✔ {where}: 글을 다시 읽을 수 있습니다.",
        "refused": "✔ {where}: 해결되었습니다.",
        "unconfirmed": "✔ {where}: 해결되었습니다.",
        "held": "✔ {where}: 보류가 풀렸습니다.",
        "unread": "✔ {where}: 논문을 읽고 있습니다.",
        "unsubscribed": "✔ {where}: 다시 구독합니다.",
        "twice": "✔ {where}: 이제 설정에 한 번만 있습니다.",
    },
    week=lambda digests, chats, wrong, readers: (
        f"다이제스트 {digests}개, 채팅 {chats}곳, 미해결 {wrong}건"
        + (f", 봇을 차단한 독자 {readers}명" if readers else "")
    ),
    nothing_delivered="아직 보낸 것이 없습니다.",
    paused=lambda count: f"전송을 멈춘 채팅 {count}곳",
    paused_chat="{where}, {since}부터: {why}",
    before="이전 버전",
    is_tried="(다음 메시지로 다시 시도)",
    blocked=lambda count: f"봇을 차단한 독자 {count}명",
    retry="실패·미확인 다시 시도",
    retried=lambda count: f"메시지 {count}개를 다시 시도합니다. 도착했을 수 있는 것은 먼저 찾아봅니다.",
    demo_hint="/paper 3, /papers, /search 확산, /help 를 입력해 보세요. Ctrl-D로 끝냅니다.",
    demo_page="같은 소식을 Telegram과 Slack 모습으로, 브라우저에서 보기: {address}",
    demo_port="{wanted}번 포트는 다른 프로그램이 쓰고 있어 {port}번에서 엽니다.",
    commands={
        "paper": "논문 하나의 전체 요약 (예: /paper 3, /paper 1-5, /paper 2509.07969, /paper attention)",
        "papers": "최근 논문 목록, 날짜를 붙이면 그날의 목록 (예: /papers 2025-09-10)",
        "search": "지난 논문까지 검색 (예: /search 확산 모델, 개인 대화에서는 낱말만 보내도 됩니다)",
        "subscribe": "매일 받아 보기 (최신 논문부터 바로: /subscribe now)",
        "unsubscribe": "그만 받기",
        "settings": "보기, 카드, 언어, 알림, 시간 설정 (예: /settings 08:00 Asia/Seoul mon-fri)",
        "help": "도움말",
    },
    operator_commands={"status": "전송 현황과 문제, 다시 시도"},
)
