"""The doctor: a line for each thing looked at, and what to do about those that fail."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from bot.cli.setup.doctor import cure_of, examine
from bot.config.loading import load
from bot.config.sources import Source
from tests.support.fakes.documents import DocumentServer
from tests.support.fakes.monitor import PATH, Monitor
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.feeds import post, rss
from tests.support.golden import DATA
from tests.support.installed import TOKENS, Done, paperboy

POST = DATA / "2025-01-08-daily-papers-20250108.md"


@pytest.fixture(autouse=True)
def settings(telegram: FakeTelegram, slack: FakeSlack) -> None:
    """Set everything up as it should be."""
    telegram.add_chat("-1001", "channel", "my_channel")
    telegram.add_chat("-1002", "supergroup")
    slack.add_channel("C0123ABCD", "papers")
    Path("_posts").mkdir()
    shutil.copy(POST, "_posts")
    Path("paperboy.toml").write_text(
        f"""
[[sources]]
name = "daily"
kind = "folder"
path = "_posts"
[telegram]
chats = ["@my_channel", "-1002"]
base_url = "{telegram.base_url}"
[slack]
chats = ["C0123ABCD"]
base_url = "{slack.base_url}"
"""
    )


async def doctor(**environ: str) -> Done:
    """Examine without the cost of a process."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
        for name, value in {**TOKENS, **environ}.items():
            patch.setenv(name, value)
        code = await examine(load())
    return Done(code, out.getvalue(), "")


def failing(done: Done) -> list[str]:
    """Give the failing lines, without their mark."""
    return [line[2:] for line in done.lines if not line.startswith("✓ ")]


async def test_all_is_well() -> None:
    done = await paperboy("doctor", **TOKENS)

    assert (done.code, done.err) == (0, "")
    assert [line.split(" in ")[0] for line in done.lines[:-1]] == [
        "✓ settings",
        f"✓ ledger {Path.cwd()}/paperboy.db",
        f"✓ source daily: 1 post read, 1 digest, 3 papers, the newest {POST.name} with 3 papers",
        "✓ telegram token: @fake_paperboy_bot",
        "✓ telegram Chat -1001 (@my_channel)",
        "✓ telegram Chat -1002 (-1002)",
        "✓ slack token: paperboy",
        "✓ slack #papers (C0123ABCD)",
        "✓ telegram listens to commands",
        "✓ slack delivers only",
        "✓ clock",
    ]
    assert done.lines[-1].startswith("✓ next run ")


async def test_where_the_heartbeat_goes_is_shown_without_its_secret_and_nobody_is_called() -> None:
    async with Monitor() as monitor:
        done = await doctor(PAPERBOY_OPERATORS__HEARTBEAT_URL=monitor.url)

    assert "✓ heartbeat 127.0.0.1, called each day at 08:30" in done.lines
    assert (done.code, monitor.calls, PATH in done.out) == (0, [], False)


async def test_a_webhook_without_its_address_is_found() -> None:
    done = await paperboy("doctor", **TOKENS, PAPERBOY_TELEGRAM__LISTEN="webhook")

    assert done.code == 1
    assert (
        '✗ commands: telegram.listen = "webhook" needs telegram.webhook_url and telegram.webhook_secret' in done.lines
    )


async def test_it_sends_nothing(telegram: FakeTelegram, slack: FakeSlack) -> None:
    await doctor()

    assert {call.method for call in telegram.calls if call.method} == {"getMe", "getChat", "getChatMember"}
    assert {call.method for call in slack.calls if call.method} == {"auth.test", "conversations.info"}


async def test_missing_rights_and_chats(telegram: FakeTelegram, slack: FakeSlack) -> None:
    telegram.chat("-1001").rights = False
    telegram.chat("-1002").refuse = "bot was kicked from the supergroup chat"
    slack.channel("C0123ABCD").member = False

    done = await doctor(PAPERBOY_TELEGRAM__CHATS="@my_channel, -1002, -1009999")

    assert done.code == 1
    channel, kicked, unknown, slack_chat = failing(done)
    assert channel == "telegram Chat -1001 (@my_channel): make the bot an administrator that may post messages"
    assert kicked.startswith("telegram -1002: ")
    assert kicked.endswith("bot was kicked from the supergroup chat; add the bot to the chat again and let it post")
    assert unknown.startswith("telegram -1009999: Chat not found; check the address")
    assert slack_chat == "slack #papers (C0123ABCD): invite the app: /invite in the channel"


async def test_a_chat_under_two_names(telegram: FakeTelegram, slack: FakeSlack) -> None:
    telegram.add_chat("-1001111111111", "channel", "our_channel")
    telegram.add_chat("-1003", "supergroup", topics={7})
    slack.scopes |= {"im:write", "im:read"}
    slack.add_user("U0ANN", "Ann")
    direct = slack.channels.direct("U0ANN").id
    chats = "@our_channel, -1003, -1002, -1001111111111, -1003:1, @OUR_channel, -1003:7"

    done = await doctor(PAPERBOY_TELEGRAM__CHATS=chats, PAPERBOY_SLACK__CHATS=f"U0ANN, C0123ABCD, {direct}")

    cure = "one chat; it gets everything once: leave one of these names in"
    assert (done.code, failing(done)) == (
        1,
        [
            f"telegram @our_channel, -1001111111111, @OUR_channel: {cure} telegram.chats",
            f"telegram -1003, -1003:1: {cure} telegram.chats",
            f"slack U0ANN, {direct}: {cure} slack.chats",
        ],
    )


async def test_the_chats_of_operators_are_looked_at(telegram: FakeTelegram, slack: FakeSlack) -> None:
    telegram.add_chat("7", "private")
    slack.scopes.add("im:write")
    slack.add_user("U0BOSS", "Boss")
    operators = {"PAPERBOY_OPERATORS__TELEGRAM": "7, 8", "PAPERBOY_OPERATORS__SLACK": "U0BOSS, U0GONE"}

    done = await doctor(**operators)

    unknown, gone = failing(done)
    assert unknown.startswith("telegram 8: Chat not found; check the address")
    assert gone == "slack U0GONE: no such person, or the app lacks the scope im:write"
    assert {"✓ telegram Reader (7)", "✓ slack U0BOSS"} < {*done.lines}


async def test_revoked_tokens() -> None:
    telegram, slack = "123456:a-token-that-was-revoked-since", "xoxb-a-token-that-was-revoked-since"

    done = await doctor(PAPERBOY_TELEGRAM__TOKEN=telegram, PAPERBOY_SLACK__BOT_TOKEN=slack)

    assert done.code == 1
    assert failing(done) == [
        "telegram token: Telegram refuses the token; get a new one from @BotFather and set telegram.token",
        "slack token: Slack refuses the app: invalid_auth; check slack.bot_token and reinstall the app",
    ]
    assert not [token for token in (telegram, slack) if token in done.out + done.err]


async def test_a_missing_token() -> None:
    done = await doctor(PAPERBOY_TELEGRAM__TOKEN="")

    assert done.code == 1
    assert len(failing(done)) == 1
    assert "telegram.token is missing; ask @BotFather for one" in failing(done)[0]


async def test_a_missing_folder() -> None:
    shutil.rmtree("_posts")

    done = await doctor()

    assert done.code == 1
    (line,) = failing(done)
    assert line.startswith(f"source daily: source daily: {Path.cwd()}/_posts: No such file or directory; check path")


async def test_a_source_that_fails_as_nobody_expected_leaves_all_else_to_be_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no such thing")

    monkeypatch.setattr("bot.sources.folder.FolderSource._digests", broken)

    done = await doctor()

    said = "unexpected error, please report it: ZeroDivisionError: no such thing"
    assert failing(done) == [f"source daily: {said}"]
    assert (done.code, len(done.lines) > 5) == (1, True)


async def test_a_folder_without_digests() -> None:
    Path("_posts", POST.name).unlink()

    done = await doctor()

    assert (done.code, failing(done)) == (1, ["source daily: 0 posts read, none is a digest; check path and match"])


EMPTY = "0 posts read, none is a digest"


@pytest.mark.parametrize(
    ("keys", "items", "mark", "said"),
    [
        ('url = "{site}"\narxiv = ["cs.CL"]', (), "✓", "no papers now, as on weekends"),
        ('url = "{feed}"\nentries = "papers"', (), "✗", f"{EMPTY}; the feed has no entries; open its url in a browser"),
        ('url = "{feed}"', (), "✗", f"{EMPTY}; open its url in a browser, and check match"),
        (
            'url = "{feed}"',
            (post("A post", "Words.", pubDate="Tue, 03 Mar 2026 00:00:00 GMT"),),
            "✗",
            '1 post read, none is a digest; where each entry is a paper, set entries = "papers"',
        ),
    ],
)
async def test_a_feed_without_digests(keys: str, items: Sequence[str], mark: str, said: str) -> None:
    async with DocumentServer() as server:
        server.documents["/rss/cs.CL"] = rss(*items)
        own = keys.format(site=server.url, feed=f"{server.url}/rss/cs.CL")
        text = Path("paperboy.toml").read_text()
        feed = f'[[sources]]\nname = "new"\nkind = "feed"\nallow_private = true\n{own}\n[telegram]'
        Path("paperboy.toml").write_text(text.replace("[telegram]", feed))

        done = await doctor()

    assert f"{mark} source new: {said}" in done.lines
    assert done.code == (mark == "✗")


@pytest.mark.parametrize(
    ("is_unread", "cure"),
    [
        (True, "`paperboy explain POST` shows how a file of it was read"),
        (False, "check url, branch, path and match"),
    ],
)
def test_a_repository_without_digests(is_unread: bool, cure: str) -> None:
    source = Source(name="daily", kind="git", url="https://example.org/blog.git")
    assert cure_of(source, is_unread=is_unread) == cure


async def test_odd_posts_and_a_newest_one_without_papers() -> None:
    shutil.copy(DATA / "2025-01-11-daily-papers-20250111.md", "_posts")
    Path("_posts/2025-01-10-binary.md").write_bytes(b"\x00\xff")

    done = await doctor()

    assert done.code == 1
    odd, empty = failing(done)
    assert odd.startswith("source daily: 2025-01-10-binary.md: not a text in UTF-8")
    assert empty.endswith("with 0 papers: the newest post looks unfinished: the post has no papers yet")


async def test_a_ledger_that_is_none() -> None:
    Path("paperboy.db").write_text("notes " * 1000)

    done = await doctor()

    assert done.code == 1
    assert "this file is no ledger" in failing(done)[0]


async def test_a_server_that_is_not_there() -> None:
    done = await doctor(PAPERBOY_TELEGRAM__BASE_URL="http://127.0.0.1:9/bot")

    assert done.code == 1
    assert failing(done)[0].startswith("telegram token: Telegram cannot be reached: ")


async def test_wrong_settings() -> None:
    done = await paperboy("doctor", **TOKENS, PAPERBOY_TIMEZONE="Asia/Soul")

    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "paperboy: environment: PAPERBOY_TIMEZONE: 'Asia/Soul' is no time zone; did you mean Asia/Seoul?\n"
    )
