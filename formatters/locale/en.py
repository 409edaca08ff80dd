"""English."""

from __future__ import annotations

from datetime import date

from formatters.locale import Phrases

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _day(day: date) -> str:
    """Spell a day without `strftime`, whose words follow the machine's locale."""
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _earlier(day: date, today: date, series: str) -> str:
    year = f" {day.year}" if day.year != today.year else ""
    when = "the same day" if day == today else f"on {day.day} {_MONTHS[day.month - 1]}{year}"
    return f"Also {when} in {series}" if series else f"Also {when}"


PHRASES = Phrases(
    language="en",
    day=_day,
    papers=lambda count: "1 paper" if count == 1 else f"{count} papers",
    goal="Goal",
    contribution="Contribution",
    result="Result",
    earlier=_earlier,
    help="I am Paperboy. I bring you summaries of new papers every day. Talk to me like this:",
    which_paper="Which paper? Give a number from 1 to {last}, for example /paper 1",
    no_such_paper="There is no paper {number}. Numbers go from 1 to {last}.",
    no_such_id="Paper {paper} has not been presented yet.",
    no_such_title="No title contains “{words}”. /search looks into the summaries too.",
    no_such_day="There are no papers for {day}. The nearest days with papers:",
    paper_gone="This paper is no longer in the list.",
    stands_above="This paper was given here a moment ago; it stands above:",
    no_digest="There are no papers yet.",
    unknown_command="I do not know {command}. Send /help to see what I can do.",
    way_out="/help shows what else I can do.",
    which_of="Which one?",
    which_list="Which list?",
    tap_one="Choose a paper for its full summary.",
    full_summary="Full summary",
    share="Share in channel",
    paper_before="◀ Paper {number}",
    paper_after="Paper {number} ▶",
    papers_of_day="Papers of the day",
    blog_post="Blog post",
    copy="Copy reference",
    previous="◀ Back",
    next="More ▶",
    search_what="What shall I look for? For example: /search diffusion model",
    found=lambda words, count: f"“{words}”: {'1 paper' if count == 1 else f'{count} papers'}",
    nothing_found="Nothing found for “{words}”. Try fewer words, or Korean ones.",
    stale_page="This list is too old. Please search again.",
    welcome="Hello! I am Paperboy. I bring you summaries of new papers every day. An administrator can subscribe here:",
    welcome_members="Hello! I am Paperboy. I bring you summaries of new papers every day. "
    "Any member of the workspace can subscribe this channel here:",
    subscribe="Subscribe",
    subscribe_now="Subscribe, newest papers now",
    unsubscribe="Unsubscribe",
    subscribed="Subscribed. New papers come {when}. /settings changes that.",
    subscribed_now="Subscribed. The newest papers are on their way.",
    already_subscribed="You are subscribed already. New papers come {when}.",
    unsubscribed="Unsubscribed. /subscribe brings me back at any time.",
    not_subscribed="You are not subscribed. /subscribe changes that.",
    administrators_only="Only an administrator of this chat may do that.",
    members_only="Only members of this workspace, who may invite apps into the channel, and the bot's operators may "
    "subscribe it; guests may not.",
    managers_only="Only administrators of the workspace, who made this channel, and the bot's operators may do that.",
    operators_only="Only the bot's operators may do that.",
    slow_down="A little slower, please. I will answer again in a moment.",
    busy="Many questions at once here. I go on in a minute; in a private chat I answer at any time.",
    settings="Settings",
    receives="Subscribed.",
    receives_not="Not subscribed.",
    closed="Paused: messages cannot be sent here.",
    layout="Layout",
    layouts={
        "messages": "one message per paper",
        "thread": "papers in a thread",
        "digest": "all in one message",
        "index": "index only",
    },
    cards="Card",
    card_kinds={"folded": "full summary folded in", "short": "short"},
    number_of_cards="Number of cards",
    all_cards="all papers",
    first_cards=lambda count: f"the first {count}" if count > 1 else "the first",
    how_many_cards="How many papers get a card? The others stand in the index, each with a button below it. "
    "Any number can be typed: /settings cards 7",
    own_language="Language",
    languages={"ko": "한국어", "en": "English"},
    sound="Sound",
    loud="on",
    silent="off",
    time="Time",
    when="{days} at {at} ({zone})",
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    every_day="every day",
    set_time="To change the time: {example}",
    choose_time="Choose a time",
    sources="Sources",
    choose_sources="Choose sources",
    take="receive",
    leave="leave out",
    last_source="It is the last one. To receive nothing more: /unsubscribe",
    reset="Defaults",
    saved="Saved.",
    not_understood="I do not know the setting “{word}”. For example: {example}",
    did_you_mean="Did you mean “{near}”?",
    status="{digest} · {papers}",
    status_line="chats: {chats}, messages sent: {sent} of {all}",
    states={
        "sent": "sent",
        "pending": "pending",
        "scheduled": "scheduled",
        "sending": "being sent",
        "stale": "to be edited",
        "editing": "being edited",
        "failed": "failed",
        "unconfirmed": "unconfirmed",
        "discarded": "discarded",
        "recalling": "to be deleted",
        "recalled": "deleted",
    },
    digest_states={"baseline": "baseline", "held": "held", "active": "active", "skipped": "skipped"},
    incidents={
        "paused": "⏸ {where} is paused: {why}",
        "refused": "✖ {where} was refused: {why}",
        "unconfirmed": "? {where} may have arrived: {why}. "
        "Look into the chat, then: paperboy retry --unseen, or discard",
        "bot": "✖ {where}: nothing goes out. {why}",
        "held": "⏳ {where} is held: {why}",
        "silent": "⏰ {where}: no post yet; one usually is there by {why}",
        "deaf": "✖ {where}: readers are not heard. {why}",
        "run": "✖ A run failed. {why}",
        "source": "✖ {where}: posts cannot be read, for an hour by now. {why}",
        "unread": "✖ {where}: no papers were read. {why}",
        "unsubscribed": "✖ {where}: its people unsubscribed it, though the settings list it. "
        "Take it out of the settings, or let them /subscribe",
        "week": "✔ In the last week: {why}",
        "twice": "⚠ {where} is the same chat as {why}: it gets everything once. "
        "Take one of the two out of the settings",
        "unfolded": "⚠ {where} refused a message with folded summaries, which came unfolded. "
        'If that goes on: {where}.cards = "short" in the settings',
        "clock": "⚠ The clock of this computer went back by {why} hours; the times in the ledger were moved with it. "
        "Let the system keep the time (NTP)",
    },
    incidents_over={
        "paused": "✔ {where} is no longer paused",
        "bot": "✔ {where}: messages go out again",
        "silent": "✔ {where}: the post has come",
        "deaf": "✔ {where}: readers are heard again",
        "run": "✔ Runs work again",
        "source": "✔ {where}: posts can be read again",
        "refused": "✔ {where} is settled",
        "unconfirmed": "✔ {where} is settled",
        "held": "✔ {where} is no longer held",
        "unread": "✔ {where}: papers are read",
        "unsubscribed": "✔ {where} is subscribed again",
        "twice": "✔ {where} stands in the settings once",
    },
    week=lambda digests, chats, wrong, readers: ", ".join(
        [
            "1 digest" if digests == 1 else f"{digests} digests",
            "1 chat" if chats == 1 else f"{chats} chats",
            f"{wrong} open",
            *(["1 reader blocks the bot" if readers == 1 else f"{readers} readers block the bot"] if readers else []),
        ]
    ),
    nothing_delivered="Nothing was delivered yet.",
    paused=lambda count: "1 chat is paused" if count == 1 else f"{count} chats are paused",
    paused_chat="{where}, since {since}: {why}",
    before="an earlier version",
    is_tried="(the next message tries again)",
    blocked=lambda count: "1 reader has blocked the bot" if count == 1 else f"{count} readers have blocked the bot",
    retry="Try again what is stuck",
    retried=lambda count: (
        ("1 message is" if count == 1 else f"{count} messages are")
        + " tried again. What may have arrived is looked for first."
    ),
    demo_hint="Try /paper 3, /papers, /search attention, /help. Ctrl-D ends.",
    demo_page="The same as Telegram and Slack show it, in a browser: {address}",
    demo_port="Another program has port {wanted}, so the page is on {port}.",
    commands={
        "paper": "one paper in full (e.g. /paper 3, /paper 1-5, /paper 2509.07969, /paper attention)",
        "papers": "the newest papers, or those of a day (e.g. /papers 2025-09-10)",
        "search": "search all papers so far (e.g. /search diffusion model; in a private chat the words alone will do)",
        "subscribe": "receive new papers every day (from the newest on: /subscribe now)",
        "unsubscribe": "receive no more",
        "settings": "layout, cards, language, sound and time (e.g. /settings 08:00 Asia/Seoul mon-fri)",
        "help": "this help",
    },
    operator_commands={"status": "what was delivered, what is stuck, and a button to try again"},
)
