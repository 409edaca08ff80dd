"""Korean."""

from __future__ import annotations

from datetime import date

from formatters.locale import Words

_WEEKDAYS = "월화수목금토일"


def _day(day: date) -> str:
    return f"{day.year}년 {day.month}월 {day.day}일 ({_WEEKDAYS[day.weekday()]})"


WORDS = Words(
    language="ko",
    day=_day,
    papers=lambda count: f"논문 {count}편",
    goal="목표",
    contribution="기여",
    result="결과",
    help="매일 새 논문 요약을 전해 드리는 Paperboy입니다. 이렇게 말을 걸어 주세요.",
    which_paper="몇 번 논문을 볼까요? 1부터 {last}까지의 번호를 붙여 주세요. 예: /paper 1",
    no_such_paper="{number}번 논문은 없습니다. 번호는 1부터 {last}까지입니다.",
    no_digest="아직 받은 논문이 없습니다.",
    unknown_command="모르는 명령입니다: {command}. /help 를 보내면 할 수 있는 일을 알려 드립니다.",
    demo_hint="/paper 3, /papers, /help 를 입력해 보세요. 끝내려면 Ctrl-D를 누르세요.",
    commands={
        "paper": "논문 하나의 전체 요약, 예: /paper 3",
        "papers": "최근 목록",
        "help": "도움말",
    },
)
