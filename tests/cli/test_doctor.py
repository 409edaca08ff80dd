"""The doctor: a line for each thing looked at, and what to do about those that fail."""

from __future__ import annotations

import io
import re
import shutil
import sqlite3
import ssl
from collections.abc import Sequence
from contextlib import closing, redirect_stdout
from pathlib import Path

import pytest
import trustme

from bot.channels.slack.api.connections import SCOPES
from bot.cli.setup.checks.findings import Name
from bot.cli.setup.checks.machine import disk
from bot.cli.setup.checks.network import Network
from bot.cli.setup.checks.sources import cure_of
from bot.cli.setup.doctor import examine
from bot.config.loading import load
from bot.config.sources import Source
from tests.support.documents import HANDBOOK, rows, section
from tests.support.fakes.documents import Document, DocumentServer
from tests.support.fakes.monitor import PATH, Monitor
from tests.support.fakes.proxies import HttpProxy, SocksProxy, tls_before
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.feeds import post, rss
from tests.support.golden import DATA
from tests.support.installed import TOKENS, Done, paperboy
from tests.support.slack_bot import MANIFEST

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
    """Give the failing lines, without their mark and name."""
    return [line[2:].rpartition(" [")[0] for line in done.lines if not line.startswith("✓ ")]


def names(done: Done) -> list[str]:
    """Give the names of the failing lines."""
    return [line.rpartition(" [")[2].removesuffix("]") for line in done.lines if not line.startswith("✓ ")]


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
        '✗ commands: telegram.listen = "webhook" needs telegram.webhook_url and telegram.webhook_secret [commands]'
        in done.lines
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
    assert line.startswith(f"source daily: {Path.cwd()}/_posts: No such file or directory; check path")


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

    assert f"{mark} source new: {said}{' [source]' * (mark == '✗')}" in done.lines
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
    [line] = failing(done)
    assert line.startswith(
        "telegram at http://127.0.0.1:9: no answer (All connection attempts failed); check the network"
    )
    assert names(done) == ["unreachable"]
    assert "✓ clock" in done.lines  # Slack tells the time


async def test_wrong_settings() -> None:
    done = await paperboy("doctor", **TOKENS, PAPERBOY_TIMEZONE="Asia/Soul")

    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "paperboy: environment: PAPERBOY_TIMEZONE: 'Asia/Soul' is no time zone; did you mean Asia/Seoul?\n"
    )


# --- each finding by its name


async def test_a_topic_that_is_not_there(telegram: FakeTelegram) -> None:
    telegram.add_chat("-1003", "supergroup", topics={7})

    done = await doctor(PAPERBOY_TELEGRAM__CHATS="-1003:7, -1003:8")

    cure = "Message thread not found; open it again, or correct the number behind :"
    assert (done.code, failing(done), names(done)) == (1, [f"telegram topic -1003:8: {cure}"], ["topic"])


@pytest.mark.parametrize(("listen", "lacking"), [("socket", True), ("off", False)])
async def test_a_slack_app_of_an_older_manifest(slack: FakeSlack, listen: str, lacking: bool) -> None:
    slack.scopes = set(MANIFEST["oauth_config"]["scopes"]["bot"]) - {"im:history", "commands"}

    done = await doctor(PAPERBOY_SLACK__LISTEN=listen, PAPERBOY_SLACK__APP_TOKEN="xapp-FAKE")

    cure = "paste deploy/slack-manifest.yaml under App Manifest, compare the Slash Commands, install the app again"
    said = [f"slack scopes: the app lacks commands, im:history; {cure}"]
    assert (failing(done), names(done)) == ((said, ["scopes"]) if lacking else ([], []))


def test_the_scopes_are_those_of_the_manifest() -> None:
    assert {*MANIFEST["oauth_config"]["scopes"]["bot"]} == SCOPES


def harm(ledger: Path) -> None:
    """Write over a page of a table."""
    with closing(sqlite3.connect(ledger)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'deliveries'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with ledger.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 64)


async def test_a_damaged_ledger() -> None:
    await doctor()
    harm(Path("paperboy.db"))

    done = await doctor()

    assert (done.code, names(done)[0]) == (1, "ledger")
    assert "the file is damaged (" in failing(done)[0]
    assert failing(done)[0].endswith("stop Paperboy, and put a backup back")


def test_a_disk_that_is_nearly_full() -> None:
    Path("paperboy.db").touch()
    path = Path("paperboy.db").absolute()

    [found] = disk(path, least=2**60)

    assert (found.name, found.what, list(disk(path, least=0))) == (Name.DISK, f"disk of {path.parent}", [])
    assert found.cure.endswith("MB are free; make it 1,099,511,627,776: nothing is sent once it is full")


@pytest.mark.parametrize(
    ("date", "cure"),
    [
        ("Thu, 01 Jan 2026 00:00:00 GMT", r"off by \+\d{6,} seconds; let the system keep the time \(NTP\)"),
        ("Fri, 01 Jan 2100 00:00:00 GMT", r"off by -\d{6,} seconds; let the system keep the time \(NTP\)"),
    ],
)
async def test_a_clock_that_is_wrong_where_a_platform_answers(date: str, cure: str) -> None:
    network = Network()
    async with DocumentServer({"/": Document(b"", headers={"Date": date})}) as server:
        await network.look("telegram", server.url)

    found = network.clock()
    assert found is not None
    assert (found.name, network.findings, network.unreached) == (Name.CLOCK, [], set())
    assert re.fullmatch(cure, found.cure)


async def test_nobody_tells_the_time_where_nobody_answers() -> None:
    done = await doctor(HTTP_PROXY="http://127.0.0.1:9")

    assert names(done) == ["proxy", "proxy"]
    assert failing(done)[0].endswith(
        ": the proxy 127.0.0.1:9 cannot be reached; correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or ask who runs it"
    )
    assert "clock" not in done.out


@pytest.mark.parametrize("kind", [HttpProxy, SocksProxy])
async def test_the_proxy_in_use_is_shown(kind: type[HttpProxy | SocksProxy]) -> None:
    async with kind(password="me:secret") as proxy:
        done = await doctor(all_proxy=proxy.url.replace("//", "//me:secret@"))

    shown = f"127.0.0.1:{proxy.port} of ALL_PROXY"
    assert (done.code, "secret" in done.out, bool(proxy.targets)) == (0, False, True)
    assert {f"✓ telegram by the proxy {shown}", f"✓ slack by the proxy {shown}"} < {*done.lines}


async def test_a_proxy_that_wants_a_password() -> None:
    async with HttpProxy(password="me:secret") as proxy:
        done = await doctor(HTTP_PROXY=proxy.url)

    assert names(done) == ["proxy", "proxy"]
    assert "407" in failing(done)[0]


async def test_what_no_proxy_names_is_called_directly() -> None:
    done = await doctor(HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="127.0.0.1")

    assert (done.code, "by the proxy" in done.out) == (0, False)


async def test_a_certificate_of_a_ca_that_nobody_knows(telegram: FakeTelegram) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path("own.pem")
    async with tls_before(telegram.port, context) as port:
        own = {"PAPERBOY_TELEGRAM__BASE_URL": f"https://127.0.0.1:{port}/bot"}
        unknown, known = await doctor(**own), await doctor(**own, SSL_CERT_FILE="own.pem")

    assert (names(unknown), known.code) == (["certificate"], 0)
    assert "let SSL_CERT_FILE name the file of its certificates" in failing(unknown)[0]


def test_the_handbook_explains_each_finding() -> None:
    told = rows(section(HANDBOOK, "What the doctor finds"))
    assert [row[0].strip("`") for row in told] == [*Name]
    assert all(cause and cure for _, cause, cure in told)
