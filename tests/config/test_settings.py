"""Settings: found, overridden, checked, and explained to an operator with one evening."""

from __future__ import annotations

import json
import os
import re
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from bot.channels import all_kits
from bot.config.chats import ListedChat
from bot.config.fields import weekdays
from bot.config.loading import FILE, load
from bot.config.schedule import Schedule
from bot.config.settings import Operators, Settings, Slack, Telegram, Web
from bot.config.sources import Source, keys_of
from bot.config.store import StoreSettings
from bot.errors import SettingsError
from bot.log import redacted

EXAMPLE = Path(__file__).parents[2] / "deploy" / "paperboy.example.toml"
SECRET = "987654321:AAE-a-token-that-nobody-may-see-0123"
NO_LEDGER = 'this is no ledger; write "sqlite:///paperboy.db" or "sqlite:////a/whole/path.db"'
NO_ADDRESS = "this is no address of a database"
SERVER = '"postgresql://user:password@host/name"'
ENCODED = "in a password %40 for @, %2F for /, %3F for ?, %23 for #"
TELEGRAM_CHAT = 'write "@channel", "-1001234567890", or "-1001234567890:77"'
DAYS = 'write days such as "mon-sun", "mon-fri" or "mon,wed,fri"'
MEND = "mend that line: texts stand in quotes, tables in brackets"
A_TOKEN = f"a token stands here; take it away, and {TELEGRAM_CHAT}"
A_PERSON = 'write the person\'s number, such as "12345678"'
NO_SECRET = "Telegram takes no such secret; write 1 to 256 of A-Z, a-z, 0-9, _ and -"
NO_TOKEN = "this is no token and no secret: it holds blanks or letters that none has; copy it anew"
NO_WEBHOOK = 'Telegram posts to HTTPS alone; write one such as "https://papers.example.org/telegram"'
WITH_SOURCES = 'a chat with its sources is written { chat = "…", sources = ["…"] }'
FEED = '[[sources]]\nname = "a"\nkind = "feed"\n'
SOURCE = '[[sources]]\nname = "daily"\nkind = "folder"\npath = "_posts"\n'

WHOLE = """
language = "en"
timezone = "Europe/Berlin"

[[sources]]
name  = "daily-papers"
kind  = "folder"
path  = "_posts"
match = "*daily-papers*"
permalink = "https://example.github.io/dailypaper/:year/:month/:day/:title/"
site = "https://example.github.io"

[schedule]
at = "07:15"
days = "mon-fri"
sweep = "1m30s"
catch_up = 5
gate_wait = "30m"
repeats = "skip"
edits_for = "7d"
keep = "60d"
overdue = "0s"

[store]
url = "sqlite:///ledger.db"
folder = "local"

[telegram]
token = "123456:FAKE"
base_url = "http://localhost:8081/bot"
chats = ["@my_channel", "-1001234567890", "-1001234567890:77", 42]
layout = "digest"
cards = "short"
listen = "webhook"
webhook_url = "https://papers.example.org/telegram"
webhook_secret = "FAKE_webhook-secret"

[slack]
bot_token = "xoxb-FAKE"
app_token = "xapp-FAKE"
signing_secret = "0123456789abcdef"
base_url = "http://localhost:8082/api/"
chats = ["C0123ABCD"]
layout = "messages"
cards = "short"
listen = "http"

[web]
host = "0.0.0.0"
port = 8443

[operators]
telegram = [12345678, "87654321"]
slack = ["U0123ABCD", "W0123ABCD"]
telegram_chat = -1001234567891
slack_chat = "C0123ABCE"
weekly_report = false
heartbeat_url = "https://hc.example.org/ping/FAKE?a=b"
"""


def named(own: Telegram | Slack) -> tuple[str, ...]:
    return tuple(one.chat for one in own.chats)


def listed(*chats: str) -> tuple[dict[str, object], ...]:
    return tuple({"chat": chat, "sources": ()} for chat in chats)


def write(text: str, path: str = FILE) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def refusal(path: Path | None = None) -> list[str]:
    """Give the lines that an operator gets."""
    with pytest.raises(SettingsError) as caught:
        load(path)
    return str(caught.value).splitlines()


# What is read


def test_a_repository_and_a_site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write("""
[[sources]]
name = "blog"
kind = "git"
url = "https://github.com/me/blog.git"
path = "_posts"
branch = "main"

[[sources]]
name = "copy"
kind = "git"
url = "blog.git"

[[sources]]
name = "hf"
kind = "huggingface"
top = 5

[[sources]]
name = "new"
kind = "feed"
arxiv = ["cs.CL", "cs.LG", "cs.CL"]
keywords = ["agent"]
""")
    monkeypatch.setenv("PAPERBOY_SOURCES__0__TOKEN", "ghp_FAKE")
    settings = load()
    blog, copy, site, feed = settings.sources
    assert (feed.arxiv, feed.keywords, feed.has_papers) == (("cs.CL", "cs.LG"), ("agent",), True)
    assert (blog.url, blog.path, blog.branch) == ("https://github.com/me/blog.git", Path("_posts"), "main")
    assert (revealed(blog.token), settings.secrets) == ("ghp_FAKE", ["ghp_FAKE"])
    assert (copy.url, copy.path) == (f"file://{tmp_path}/blog.git", Path())
    assert (site.top, site.min_upvotes) == (5, 0)


@pytest.mark.parametrize("url", ["git@github.com:me/blog.git", "ssh://me@example.org/blog", "github.com:me/blog.git"])
def test_an_address_for_git_stays(url: str) -> None:
    write(f'[[sources]]\nname = "a"\nkind = "git"\nurl = "{url}"\n')
    assert load().sources[0].url == url


def test_every_key() -> None:
    write(WHOLE)

    settings = load()

    source = settings.sources[0]
    assert (settings.language, settings.timezone, settings.zone.key) == ("en", "Europe/Berlin", "Europe/Berlin")
    assert (source.name, source.kind, source.path) == ("daily-papers", "folder", Path.cwd() / "_posts")
    assert (source.match, source.permalink.endswith(":title/")) == ("*daily-papers*", True)
    assert (settings.schedule.at, settings.schedule.days) == (time(7, 15), "mon-fri")
    assert (settings.schedule.sweep, settings.schedule.catch_up) == (timedelta(seconds=90), 5)
    assert settings.store.url == f"sqlite:///{Path.cwd()}/ledger.db"
    assert revealed(settings.telegram.token) == "123456:FAKE"
    assert (settings.telegram.listen, settings.slack.listen) == ("webhook", "http")
    assert settings.telegram.webhook_url == "https://papers.example.org/telegram"
    assert revealed(settings.telegram.webhook_secret) == "FAKE_webhook-secret"
    assert settings.telegram.base_url == "http://localhost:8081/bot"
    assert named(settings.telegram) == ("@my_channel", "-1001234567890", "-1001234567890:77", "42")
    assert revealed(settings.slack.bot_token) == "xoxb-FAKE"
    assert revealed(settings.slack.app_token) == "xapp-FAKE"
    assert revealed(settings.slack.signing_secret) == "0123456789abcdef"
    assert (settings.slack.base_url, named(settings.slack)) == ("http://localhost:8082/api/", ("C0123ABCD",))
    assert (settings.telegram.layout, settings.slack.layout) == ("digest", "messages")
    assert (settings.web.host, settings.web.port) == ("0.0.0.0", 8443)
    assert settings.operators.telegram == ("12345678", "87654321")
    assert settings.operators.slack == ("U0123ABCD", "W0123ABCD")
    assert revealed(settings.operators.heartbeat_url) == "https://hc.example.org/ping/FAKE?a=b"


def test_defaults_without_any_file() -> None:
    settings = load()

    assert (settings.language, settings.timezone, settings.sources) == ("ko", "Asia/Seoul", ())
    assert (settings.schedule.at, settings.schedule.sweep) == (time(8, 30), timedelta(minutes=5))
    assert (settings.schedule.days, settings.schedule.catch_up) == ("mon-sun", 3)
    assert settings.telegram.base_url == "https://api.telegram.org/bot"
    assert settings.slack.base_url == "https://slack.com/api/"
    assert (settings.telegram.layout, settings.slack.layout) == ("messages", "thread")
    assert (settings.telegram.cards, settings.slack.cards) == ("folded", "folded")
    assert settings.store.url == f"sqlite:///{Path.cwd()}/paperboy.db"
    assert (settings.telegram.listen, settings.slack.listen) == ("polling", "socket")
    assert (settings.telegram.webhook_url, settings.telegram.webhook_secret) == ("", None)
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8080)  # nobody from outside, without a proxy
    assert (settings.operators.telegram, settings.operators.slack) == ((), ())


def test_an_empty_file_and_a_byte_order_mark() -> None:
    write("")
    assert load() == load(Path(FILE))

    write('\ufefflanguage = "en"\n')
    assert load().language == "en"


def test_the_example_loads_and_names_every_key() -> None:
    settings = load(EXAMPLE)

    assert unset(settings) == []
    assert settings.telegram.token is not None
    assert settings.sources[0].path == EXAMPLE.parent / "_posts"
    assert settings.operators == Operators()  # a copy of the file gives nobody rights
    assert not settings.telegram.webhook_secret


def unset(table: BaseModel, before: str = "") -> list[str]:
    """List the keys that a file left to their defaults; those of other kinds of sources do not count."""
    taken = keys_of(table.kind) if isinstance(table, Source) else type(table).model_fields
    missing = [before + name for name in taken if name not in table.model_fields_set]
    for name in table.model_fields_set:
        value = getattr(table, name)
        for inner in value if isinstance(value, tuple) else [value]:
            missing += unset(inner, f"{before}{name}.") if isinstance(inner, BaseModel) else []
    return missing


def test_a_key_left_out_is_noticed_by_the_test_above() -> None:
    write(WHOLE.replace("catch_up = 5\n", "").replace('language = "en"\n', "").replace("port = 8443\n", ""))

    assert sorted(unset(load())) == ["language", "schedule.catch_up", "web.port"]


# Where it is found


def test_a_file_named_wins_over_the_environment_and_that_over_the_working_directory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write('timezone = "Asia/Tokyo"')
    assert load().timezone == "Asia/Tokyo"

    monkeypatch.setenv("PAPERBOY_CONFIG", str(write('timezone = "Europe/Paris"', "etc/other.toml")))
    assert load().timezone == "Europe/Paris"

    assert load(write('timezone = "UTC"', "named.toml")).timezone == "UTC"


def test_paths_start_at_the_file_and_not_at_the_working_directory(tmp_path: Path) -> None:
    settings = load(write(SOURCE + '[store]\nurl = "sqlite:///state/ledger.db"', "etc/paperboy.toml"))

    assert settings.sources[0].path == tmp_path / "etc/_posts"
    assert settings.store.url == f"sqlite:///{tmp_path}/etc/state/ledger.db"


def test_whole_paths_and_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write(f'[[sources]]\nname = "a"\nkind = "folder"\npath = "{tmp_path}/a"\n' + SOURCE.replace("_posts", "~/b"))

    assert [source.path for source in load().sources] == [tmp_path / "a", tmp_path / "home/b"]


def test_a_file_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = "no such file; name your settings with --config, or let `paperboy init` write some"

    assert refusal(Path(FILE)) == [f"{FILE}: {missing}"]
    monkeypatch.setenv("PAPERBOY_CONFIG", "etc/nowhere.toml")
    assert refusal() == [f"etc/nowhere.toml: {missing}"]


# The environment


def test_every_key_can_be_overridden(monkeypatch: pytest.MonkeyPatch) -> None:
    write(WHOLE)
    for name, value in {
        "LANGUAGE": "ko",
        "TIMEZONE": "UTC",
        "SOURCES__0__NAME": "other",
        "SOURCES__0__KIND": "folder",
        "SOURCES__0__PATH": "drafts",
        "SOURCES__0__MATCH": "*.md",
        "SOURCES__0__PERMALINK": "https://example.org/:title",
        "SOURCES__0__SITE": "https://example.org",
        "SCHEDULE__AT": "23:59",
        "SCHEDULE__DAYS": "sat,sun",
        "SCHEDULE__SWEEP": "1h",
        "SCHEDULE__CATCH_UP": "1",
        "SCHEDULE__GATE_WAIT": "1h",
        "SCHEDULE__REPEATS": "send",
        "SCHEDULE__EDITS_FOR": "2d",
        "SCHEDULE__KEEP": "90d",
        "SCHEDULE__OVERDUE": "45m",
        "STORE__URL": "sqlite:////var/lib/paperboy/ledger.db",
        "STORE__FOLDER": "elsewhere",
        "TELEGRAM__TOKEN": "1:other",
        "TELEGRAM__BASE_URL": "http://127.0.0.1:1/bot",
        "TELEGRAM__CHATS": "@other_channel, -100777:5",
        "TELEGRAM__LAYOUT": "index",
        "TELEGRAM__CARDS": "short",
        "TELEGRAM__LISTEN": "off",
        "TELEGRAM__WEBHOOK_URL": "https://other.example.org:8443/hook",
        "TELEGRAM__WEBHOOK_SECRET": "other",
        "SLACK__BOT_TOKEN": "xoxb-other",
        "SLACK__APP_TOKEN": "xapp-other",
        "SLACK__SIGNING_SECRET": "fedcba9876543210",
        "SLACK__BASE_URL": "http://127.0.0.1:1/",
        "SLACK__CHATS": '["C0AAAAAAA", "C0BBBBBBB"]',
        "SLACK__LAYOUT": "digest",
        "SLACK__CARDS": "short",
        "SLACK__LISTEN": "socket",
        "WEB__HOST": "::1",
        "WEB__PORT": "80",
        "OPERATORS__TELEGRAM": "1, 2",
        "OPERATORS__SLACK": "U0AAAAAAA",
        "OPERATORS__TELEGRAM_CHAT": "@other_operators",
        "OPERATORS__SLACK_CHAT": "C0CCCCCCC",
        "OPERATORS__WEEKLY_REPORT": "false",
        "OPERATORS__HEARTBEAT_URL": "http://127.0.0.1:1/other",
    }.items():
        monkeypatch.setenv(f"PAPERBOY_{name}", value)

    plain = revealed(load().model_dump())

    assert plain == {
        "language": "ko",
        "timezone": "UTC",
        "sources": (
            {
                "name": "other",
                "kind": "folder",
                "path": Path.cwd() / "drafts",
                "match": "*.md",
                "permalink": "https://example.org/:title",
                "site": "https://example.org",
                "url": "",
                "branch": "",
                "token": None,
                "entries": None,
                "arxiv": (),
                "cross_lists": False,
                "biorxiv": (),
                "keywords": (),
                "top": None,
                "min_upvotes": 0,
                "contact": "",
                "allow_private": False,
            },
        ),
        "schedule": {
            "at": time(23, 59),
            "days": "sat,sun",
            "sweep": timedelta(hours=1),
            "catch_up": 1,
            "gate_wait": timedelta(hours=1),
            "repeats": "send",
            "edits_for": timedelta(days=2),
            "keep": timedelta(days=90),
            "overdue": timedelta(minutes=45),
        },
        "store": {"url": "sqlite:////var/lib/paperboy/ledger.db", "folder": Path.cwd() / "elsewhere"},
        "telegram": {
            "token": "1:other",
            "base_url": "http://127.0.0.1:1/bot",
            "chats": listed("@other_channel", "-100777:5"),
            "layout": "index",
            "cards": "short",
            "listen": "off",
            "webhook_url": "https://other.example.org:8443/hook",
            "webhook_secret": "other",
        },
        "slack": {
            "bot_token": "xoxb-other",
            "app_token": "xapp-other",
            "signing_secret": "fedcba9876543210",
            "base_url": "http://127.0.0.1:1/",
            "chats": listed("C0AAAAAAA", "C0BBBBBBB"),
            "layout": "digest",
            "cards": "short",
            "listen": "socket",
        },
        "web": {"host": "::1", "port": 80},
        "operators": {
            "telegram": ("1", "2"),
            "slack": ("U0AAAAAAA",),
            "telegram_chat": "@other_operators",
            "slack_chat": "C0CCCCCCC",
            "weekly_report": False,
            "heartbeat_url": "http://127.0.0.1:1/other",
        },
    }


def revealed(value: Any) -> Any:
    """Give settings with their secrets, to compare them."""
    if isinstance(value, dict):
        return {key: revealed(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(map(revealed, value))
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


@pytest.mark.parametrize(
    ("written", "chats"),
    [
        ("@my_channel", ("@my_channel",)),
        ("@my_channel, -1001234567890:77,42", ("@my_channel", "-1001234567890:77", "42")),
        (" @my_channel ,, ", ("@my_channel",)),
        ('["@my_channel", "-1001234567890"]', ("@my_channel", "-1001234567890")),
        ("[-1001234567890, 42]", ("-1001234567890", "42")),
        ("@my_channel,@my_channel", ("@my_channel",)),
        ("", ()),
    ],
)
def test_lists_with_commas_or_as_json(monkeypatch: pytest.MonkeyPatch, written: str, chats: tuple[str, ...]) -> None:
    monkeypatch.setenv("PAPERBOY_TELEGRAM__CHATS", written)

    assert named(load().telegram) == chats


def test_a_chat_may_name_its_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    write(f'{SOURCE}[telegram]\nchats = ["@channel", {{ chat = -42, sources = ["daily"] }}]')
    monkeypatch.setenv("PAPERBOY_SLACK__CHATS", '[{"chat": "C0123ABCD", "sources": ["daily"]}, "C0456ABCD"]')

    settings = load()

    assert settings.telegram.chats == (ListedChat("@channel"), ListedChat("-42", ("daily",)))
    assert settings.slack.chats == (ListedChat("C0123ABCD", ("daily",)), ListedChat("C0456ABCD"))
    own = {name: kit.read(settings) for name, kit in all_kits().items()}
    assert {name: found.sources for name, found in own.items() if found} == {
        "telegram": {"-42": ("daily",)},
        "slack": {"C0123ABCD": ("daily",)},
    }


def test_a_further_source_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    write(SOURCE)
    for key, value in {"NAME": "more", "KIND": "folder", "PATH": "more"}.items():
        monkeypatch.setenv(f"PAPERBOY_SOURCES__1__{key}", value)

    assert [source.name for source in load().sources] == ["daily", "more"]


def test_names_in_the_environment_may_be_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("paperboy_timezone", "UTC")

    assert load().timezone == "UTC"


def test_dotenv_beside_the_file_and_in_the_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    write("PAPERBOY_TIMEZONE=UTC\nPAPERBOY_LANGUAGE=en\nPAPERBOY_SCHEDULE__AT=01:00", ".env")
    write("PAPERBOY_TIMEZONE=Asia/Tokyo\nPAPERBOY_SCHEDULE__DAYS=mon", "etc/.env")
    monkeypatch.setenv("PAPERBOY_SCHEDULE__AT", "02:00")

    settings = load(write('language = "ko"', "etc/paperboy.toml"))

    assert (settings.language, settings.timezone) == ("en", "UTC")
    assert (settings.schedule.days, settings.schedule.at) == ("mon", time(2))


def test_two_folders_loaded_in_one_process_speak_each_their_own_language() -> None:
    write("PAPERBOY_LANGUAGE=en\nPAPERBOY_TIMEZONE=UTC", "english/.env")
    write("PAPERBOY_LANGUAGE=ko", "korean/.env")
    before = dict(os.environ)

    loaded = [load(write("", f"{folder}/paperboy.toml")) for folder in ("english", "korean", "english")]

    assert [settings.language for settings in loaded] == ["en", "ko", "en"]
    assert [settings.timezone for settings in loaded] == ["UTC", "Asia/Seoul", "UTC"]
    assert dict(os.environ) == before


def test_a_dotenv_may_name_the_settings_file_and_build_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDER", "etc")
    write("FOLDER=elsewhere\nPAPERBOY_CONFIG=${FOLDER}/other.toml\nexport PAPERBOY_LANGUAGE='en' # said\nALONE", ".env")
    write('timezone = "UTC"', "etc/other.toml")

    settings = load()

    assert (settings.timezone, settings.language) == ("UTC", "en")


def test_what_is_wrong_in_a_dotenv_is_reported_as_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    write("PAPERBOY_LANGUAGE=fr\nPAPERBOY_SCHEDULE__AT=noon", ".env")
    monkeypatch.setenv("paperboy_schedule__at", "25:00")

    assert refusal() == [
        'environment: PAPERBOY_LANGUAGE: write "ko" or "en"',
        "environment: paperboy_schedule__at: '25:00' is no time of day; write one such as \"08:30\", in quotes",
    ]

    write("PAPERBOY_LANGAGE=en", ".env")
    assert refusal() == ["environment: PAPERBOY_LANGAGE overrides no setting; did you mean PAPERBOY_LANGUAGE?"]


@pytest.mark.parametrize(
    "key", ["telegram.token", "telegram.webhook_secret", "slack.bot_token", "slack.app_token", "slack.signing_secret"]
)
def test_secrets_lose_the_blanks_of_copying(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    table, name = key.split(".")
    monkeypatch.setenv(f"PAPERBOY_{table}__{name}".upper(), " 0123-abc_DEF\n")

    assert revealed(getattr(getattr(load(), table), name)) == "0123-abc_DEF"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://papers.example.org",
        "https://papers.example.org/",
        "https://203.0.113.7:8443/a/path-of_ours",
        "http://localhost:8081/telegram",
        "http://127.0.0.1/telegram",
        "http://127.1.2.3:9/",
        "http://[::1]:8081/telegram",
    ],
)
def test_addresses_that_telegram_or_a_server_beside_us_posts_to(url: str) -> None:
    write(f'[telegram]\nwebhook_url = "{url}"')

    assert load().telegram.webhook_url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://hc.example.org",
        "https://hc.example.org/ping/0b6a3c1e?rid=1#x",
        " http://192.168.1.2:8080/api/push/abc?status=up ",
        "http://user:password@[::1]:8081/",
        "https://모니터.example.org/핑",
    ],
)
def test_addresses_that_a_heartbeat_goes_to(url: str) -> None:
    write(f'[operators]\nheartbeat_url = "{url}"')

    assert revealed(load().operators.heartbeat_url) == (url.strip() or None)


@pytest.mark.parametrize(
    "url",
    [
        *("hc.example.org/ping", "https://", "https:///ping", "ftp://hc.example.org/", "https://hc.example.org/a b"),
        *("https://hc.example.org:0/", "https://hc.example.org:99999/", "https://hc.example.org:x/", "http://[::1/"),
    ],
)
def test_addresses_that_no_heartbeat_goes_to(url: str) -> None:
    write(f'[operators]\nheartbeat_url = "{url}"')

    wrong = 'this is no web address; write one such as "https://hc.example.org/ping/FAKE"'
    assert refusal() == [f"{FILE}: operators.heartbeat_url: {wrong}"]


@pytest.mark.parametrize(
    "url",
    [
        "http://papers.example.org/telegram",
        "http://localhost.example.org/",
        "http://127.0.0.1.example.org/",
        "papers.example.org",
        "https://",
        "https:///telegram",
        "https://user:password@papers.example.org/",
        "https://papers.example.org/{anything}",
        "https://papers.example.org/a?b=c",
        "https://papers.example.org/a#b",
        "https://papers.example.org/a b",
        "ftp://papers.example.org/",
    ],
)
def test_addresses_that_telegram_does_not_post_to(url: str) -> None:
    write(f'[telegram]\nwebhook_url = "{url}"')

    assert refusal() == [f"{FILE}: telegram.webhook_url: {NO_WEBHOOK}"]


@pytest.mark.parametrize("secret", ["a", "A-Z_09", "x" * 256])
def test_secrets_that_telegram_takes(secret: str) -> None:
    write(f'[telegram]\nwebhook_secret = "{secret}"')

    assert revealed(load().telegram.webhook_secret) == secret


@pytest.mark.parametrize("secret", ["two words", "비밀", "a.b", "a:b", "x" * 257])
def test_secrets_that_telegram_does_not_take(secret: str) -> None:
    write(f'[telegram]\nwebhook_secret = "{secret}"')

    assert refusal() == [f"{FILE}: telegram.webhook_secret: {NO_SECRET}"]


# What is refused: key, problem, way out


@pytest.mark.parametrize(
    ("toml", "lines"),
    [
        ('timezon = "UTC"', ["timezon is no setting; did you mean timezone?"]),
        ("[telegram]\ntokn = 1", ["telegram.tokn is no setting; did you mean telegram.token?"]),
        ("[schedule]\ncatchup = 3", ["schedule.catchup is no setting; did you mean schedule.catch_up?"]),
        (SOURCE + 'permlink = ""', ["sources.0.permlink is no setting; did you mean sources.0.permalink?"]),
        ("[[source]]", ["source is no setting; did you mean sources?"]),
        ("[xyzzy]", ["xyzzy is no setting; `paperboy settings` lists all of them"]),
        ('language = "fr"', ['language: write "ko" or "en"']),
        ("language = 1", ['language: write "ko" or "en"']),
        ('timezone = "Asia/Soul"', ["timezone: 'Asia/Soul' is no time zone; did you mean Asia/Seoul?"]),
        ('timezone = "seoul"', ["timezone: 'seoul' is no time zone; did you mean Asia/Seoul?"]),
        ('timezone = "KST"', ['timezone: \'KST\' is no time zone; write a name such as "Asia/Seoul" or "UTC"']),
        ("timezone = 9", ["timezone: write a text in quotes"]),
        (
            '[[sources]]\nname = "a"\nkind = "git"',
            ['sources.0: kind "git" needs url; add it (`paperboy settings` says what it takes)'],
        ),
        (
            '[[sources]]\nname = "a"\nkind = "folder"',
            ['sources.0: kind "folder" needs path; add it (`paperboy settings` says what it takes)'],
        ),
        (
            '[[sources]]\nname = "a"\nkind = "rss"',
            ['sources.0.kind: write "folder", "git", "huggingface" or "feed"'],
        ),
        (
            SOURCE + "top = 3",
            ['sources.0: kind "folder" takes no top; it takes path, match, permalink, site'],
        ),
        (
            '[[sources]]\nname = "a"\nkind = "git"\nurl = "https://me:FAKE@example.org/blog.git"',
            ["sources.0.url: take the password out of the address, and write it as token, best in the environment"],
        ),
        (
            '[[sources]]\nname = "a"\nkind = "git"\nurl = "--upload-pack=x"',
            ["sources.0.url: write an address, such as https://github.com/me/blog.git"],
        ),
        (
            FEED,
            ['sources.0: kind "feed" needs url or arxiv or biorxiv; add it (`paperboy settings` says what it takes)'],
        ),
        (
            FEED + 'arxiv = ["cs.CL"]\nbiorxiv = ["neuroscience"]',
            ["sources.0: arxiv and biorxiv are two feeds; write a table of [[sources]] for each"],
        ),
        (
            FEED + 'arxiv = ["../x"]',
            ['sources.0.arxiv: \'../x\' is no category; write such as "cs.CL", or "cell_biology" for bioRxiv'],
        ),
        (
            FEED + 'url = "https://a.example/feed.xml"\nkeywords = ["agent"]',
            ['sources.0: keywords is not for entries = "posts"; take it out'],
        ),
        (
            FEED + 'arxiv = ["cs.CL"]\nmatch = "*"',
            ['sources.0: match is not for entries = "papers"; take it out'],
        ),
        (SOURCE + SOURCE, ["sources: two sources share a name; give each its own"]),
        (
            SOURCE.replace("[[", "[").replace("]]", "]"),
            ['sources: write "[[sources]]" with two brackets, not "[sources.name]" or "[sources]"'],
        ),
        ('sources = "_posts"', ['sources: write a table for each source, headed "[[sources]]"']),
        ('sources = ["_posts"]', ['sources.0: write a table, headed "[[sources]]"']),
        ('telegram = "@my_channel"', ['telegram: write a table, headed "[telegram]"']),
        (
            '[schedule]\nat = "8:75"\ndays = "mon-fry"\nsweep = "5"\ncatch_up = 0',
            [
                "schedule.at: '8:75' is no time of day; write one such as \"08:30\", in quotes",
                f"schedule.days: 'mon-fry' is no day of the week; {DAYS}",
                'schedule.sweep: \'5\' is no length of time; write one such as "30s", "5m", "1h30m" or "3d"',
                "schedule.catch_up: write 1 or more",
            ],
        ),
        (
            '[schedule]\nat = 08:30:00\nsweep = "99999999h"\ncatch_up = "three"',
            [
                "schedule.at: '08:30:00' is no time of day; write one such as \"08:30\", in quotes",
                'schedule.sweep: \'99999999h\' is no length of time; write one such as "30s", "5m", "1h30m" or "3d"',
                "schedule.catch_up: write a whole number",
            ],
        ),
        ('[schedule]\nsweep = "0s"', ['schedule.sweep: this is too often; write "1s" or more']),
        (
            '[store]\nurl = "sqlite://paperboy.db"',
            ['store.url: this is no SQLite file; write "sqlite:///paperboy.db" or "sqlite:////a/whole/path.db"'],
        ),
        *(
            (f'[store]\nurl = "{url}"', [f"store.url: {advice}"])
            for url, advice in {
                "paperboy.db": f"{NO_LEDGER}, or {SERVER}",
                f"mysql://me:{SECRET}@host/db": f"{NO_LEDGER}, or {SERVER}",
                f"postgres://me:{SECRET}@host/db": 'write "postgresql://" in place of "postgres://"',
                f"postgresql+asyncpg://me:{SECRET}@host/db": 'write "postgresql://" in place of "postgresql+asyncpg://"',
                "postgresql://host": f"the database is not named; write {SERVER}",
                f"postgresql://me:{SECRET}@host/?sslmode=require": f"the database is not named; write {SERVER}",
                f"postgresql://me:{SECRET}@no@host/db": f"{NO_ADDRESS}; write {SERVER}, and {ENCODED}",
                f"postgresql://me:{SECRET}/no@host/db": f"{NO_ADDRESS}; write {SERVER}, and {ENCODED}",
                f"postgresql://me:{SECRET}?no@host/db": f"the database is not named; write {SERVER}",
                f"postgresql://me:{SECRET}@host:five/db": f"{NO_ADDRESS}; write {SERVER}, and {ENCODED}",
            }.items()
        ),
        (
            '[telegram]\nchats = ["my_channel"]',
            [f"telegram.chats: 'my_channel' is no address of a chat; {TELEGRAM_CHAT}"],
        ),
        ("[telegram]\nchats = [true]", ['telegram.chats: write a list of texts in quotes: ["…", "…"]']),
        ("[telegram]\nchats = 42", ['telegram.chats: write a list of texts in quotes: ["…", "…"]']),
        ('[telegram]\nchats = [{ chat = "@b", source = ["daily"] }]', [f"telegram.chats: {WITH_SOURCES}"]),
        ('[telegram]\nchats = [{ sources = ["daily"] }]', [f"telegram.chats: {WITH_SOURCES}"]),
        (
            '[telegram]\nchats = [{ chat = "@channel", sources = "" }, { chat = "@channel", sources = "a" }]',
            ['telegram.chats: "@channel" is listed twice; write it once, with all its sources'],
        ),
        (
            f'{SOURCE}[telegram]\nchats = [{{ chat = "@channel", sources = ["daily", "hg"] }}]',
            ['telegram: chats: "@channel" names the source "hg", which is none; there are: "daily"'],
        ),
        (
            '[slack]\nchats = [{ chat = "C0123ABCD", sources = ["hf"] }]',
            ['slack: chats: "C0123ABCD" names the source "hf", which is none; there are: none'],
        ),
        (
            f'[telegram]\nchats = ["{SECRET}"]',
            [f"telegram.chats: {A_TOKEN}"],
        ),
        (
            '[slack]\nchats = ["#papers"]',
            ["slack.chats: '#papers' is no address of a chat; write its id, such as \"C0123ABCD\"; names do not do"],
        ),
        ('[slack]\nlayout = "tread"', ['slack.layout: write "thread", "messages", "digest" or "index"']),
        ('[telegram]\ncards = "folds"', ['telegram.cards: write "folded" or "short"']),
        ('[telegram]\nlayout = "thread"', ['telegram.layout: write "messages", "digest" or "index"']),
        (
            '[telegram]\nlisten = true\n[slack]\nlisten = "webhook"',
            [
                'telegram.listen: write "polling", "webhook" or "off"',
                'slack.listen: write "socket", "http" or "off"',
            ],
        ),
        ("[telegram]\nwebhook_secret = 5", ["telegram.webhook_secret: write a text in quotes"]),
        ('[slack]\nsigning_secret = "a b"', [f"slack.signing_secret: {NO_TOKEN}"]),
        ("[web]\nport = 0", ["web.port: write 1 or more"]),
        ("[web]\nport = 65536", ["web.port: write 65535 or less"]),
        ('[web]\nport = "https"\nhost = 1', ["web.host: write a text in quotes", "web.port: write a whole number"]),
        ("[web]\nprt = 1", ["web.prt is no setting; did you mean web.port?"]),
        (
            '[operators]\ntelegram = ["@kim", 5]\nslack = ["C0123ABCD"]',
            [
                f"operators.telegram: '@kim' is no person; {A_PERSON}",
                "operators.slack: 'C0123ABCD' is no person; write the member id, such as \"U0123ABCD\"",
            ],
        ),
        (
            '[operators]\ntelegram = ["-1001234567890"]',
            [f"operators.telegram: '-1001234567890' is no person; {A_PERSON}"],
        ),
        (
            f'[operators]\ntelegram = ["{SECRET}"]',
            [f"operators.telegram: a token stands here; take it away, and {A_PERSON}"],
        ),
        ('operators = ["12345678"]', ['operators: write a table, headed "[operators]"']),
        (
            '[telegram]\nbase_url = "localhost:8081"\n[slack]\nbase_url = "slack.com"',
            [
                'telegram.base_url: this is no address of a Bot API; write one such as "https://api.telegram.org/bot"',
                'slack.base_url: this is no web address; write one such as "https://slack.com/api/"',
            ],
        ),
        ("[telegram]\ntoken = 5", ["telegram.token: write a text in quotes"]),
        (
            '[slack]\nbot_token = "토큰"',
            [f"slack.bot_token: {NO_TOKEN}"],
        ),
    ],
)
def test_wrong_settings_in_the_file(toml: str, lines: list[str]) -> None:
    write(toml)

    assert refusal() == [f"{FILE}: {line}" for line in lines]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("TIMEZON", "UTC", " overrides no setting; did you mean PAPERBOY_TIMEZONE?"),
        ("TELEGRAM_TOKEN", SECRET, " overrides no setting; did you mean PAPERBOY_TELEGRAM__TOKEN?"),
        ("TELEGRAM__TOKN", SECRET, " overrides no setting; did you mean PAPERBOY_TELEGRAM__TOKEN?"),
        ("SOURCES__0__PTH", "x", " overrides no setting; did you mean PAPERBOY_SOURCES__0__PATH?"),
        ("SOURCES__PATH", "x", " overrides no setting; did you mean PAPERBOY_SOURCES__0__PATH?"),
        ("TELEGRAM", SECRET, " is a table; set its keys one by one, such as PAPERBOY_TELEGRAM__TOKEN"),
        ("SOURCES", "[{", " is a table; set its keys one by one, such as PAPERBOY_SOURCES__0__NAME"),
        ("OPERATORS", "1", " is a table; set its keys one by one, such as PAPERBOY_OPERATORS__TELEGRAM"),
        ("WEB__PRT", "1", " overrides no setting; did you mean PAPERBOY_WEB__PORT?"),
        ("OPERATORS__TELEGRAM", "1;2", f": '1;2' is no person; {A_PERSON}"),
        ("SCHEDULE", "5", " is a table; set its keys one by one, such as PAPERBOY_SCHEDULE__AT"),
        ("LANGUAGE", "", ': write "ko" or "en"'),
        ("TIMEZONE", "Mars", ': \'Mars\' is no time zone; write a name such as "Asia/Seoul" or "UTC"'),
        ("SCHEDULE__CATCH_UP", "many", ": write a whole number"),
        ("SLACK__CHATS", '["C0123', ': this is no JSON; write ["…", "…"], or words with commas between them'),
        ("SLACK", f'{{"tokn": "{SECRET}"}}', ": tokn is no setting; did you mean slack.bot_token?"),
        ("TELEGRAM__CHATS", SECRET, f": {A_TOKEN}"),
    ],
)
def test_wrong_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str) -> None:
    write(SOURCE)
    monkeypatch.setenv(f"PAPERBOY_{name}", value)

    assert refusal() == [f"environment: PAPERBOY_{name}{line}"]


def test_several_problems_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    write('language = "fr"\n[telegram]\nchats = "papers"')
    monkeypatch.setenv("PAPERBOY_TIMEZONE", "Mars")

    assert [line.partition(": ")[0] for line in refusal()] == [FILE, "environment", FILE]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (
            b"[telegram\n",
            f"not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 10); {MEND}",
        ),
        (b'language = "\xff"', "not a text in UTF-8; save it as UTF-8"),
    ],
)
def test_a_file_that_is_no_toml(raw: bytes, line: str) -> None:
    Path(FILE).write_bytes(raw)

    assert refusal() == [f"{FILE}: {line}"]


def test_a_folder_for_a_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) == [f"{tmp_path}: cannot be read (Is a directory); name a file that you may read"]


def test_a_dotenv_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PAPERBOY_LANGUAGE=\xff")

    assert refusal() == [f"{tmp_path / '.env'}: cannot be read; save it as UTF-8, and check its rights"]


def test_a_home_directory_of_nobody() -> None:
    write(SOURCE.replace("_posts", "~nobody-here/posts"))

    assert refusal() == ["~nobody-here/posts: there is no such home directory; write the path without ~"]


# Secrets


@pytest.mark.parametrize(
    "toml",
    [
        f'[telegram]\ntoken = "{SECRET}"\nlayout = "wrong"',
        f'[telegram]\ntokn = "{SECRET}"',
        f'[telegram]\nwebhook_secret = "{SECRET}"',
        f'[telegram]\nwebhook_url = "{SECRET}"',
        f'[slack]\nsigning_secret = "{SECRET} {SECRET}"',
        f'[operators]\ntelegram_chat = "{SECRET}"\nheartbeat_url = "{SECRET}"',
        f'[operators]\nslack = ["{SECRET}"]',
        f'[telegram]\ntoken = ["{SECRET}"]',
        f'[telegram]\ntoken = "{SECRET} {SECRET}"',
        f'telegram = "{SECRET}"',
        f'[slack]\nbot_token = "{SECRET}"\nchats = ["{SECRET}"]',
        f'[telegram]\ntoken = "{SECRET}\nlayout = 5',
        f"[telegram]\ntoken = {SECRET}",
        f'[store]\nurl = "postgresql://me:{SECRET}@host/db"\n[telegram]\nlayout = "wrong"',
        f'[store]\nurl = "postgresql://me:{SECRET}@host"\n[telegram]\nlayout = "wrong"',
        f'[store]\nurl = ["postgresql://me:{SECRET}@host/db"]\n[telegram]\nlayout = "wrong"',
    ],
)
def test_no_error_shows_a_secret(toml: str) -> None:
    write(toml)

    with pytest.raises(SettingsError) as caught:
        load()

    assert SECRET not in repr(caught.value)
    assert caught.value.__suppress_context__
    assert re.search("token|telegram|secret|TOML", str(caught.value))


def test_settings_do_not_show_their_secrets() -> None:
    theirs = f'bot_token = "{SECRET}"\napp_token = "{SECRET}"\nsigning_secret = "{SECRET}"'
    write(f'[telegram]\ntoken = "{SECRET}"\nwebhook_secret = "{SECRET.replace(":", "-")}"\n[slack]\n{theirs}')

    settings = load()

    assert (
        SECRET.partition(":")[2] not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    )
    assert "**********" in repr(settings)


# The password of a database: as it is written, and as it is meant
PASSWORDS = {
    "postgresql://me:s3cr3t-word@host/db": {"s3cr3t-word"},
    "postgresql://me:s3cr3t%20%22word%22@host/db": {"s3cr3t%20%22word%22", 's3cr3t "word"'},
    "postgresql://me@host:5433/db?sslmode=require&password=s3cr3t%2Bword": {"s3cr3t%2Bword", "s3cr3t+word"},
    "postgresql://me@/db?host=/run/postgresql&PassWord=s3cr3t+word": {"s3cr3t+word", "s3cr3t word"},
    "postgresql://me:s3cr3t-one@[::1]/db?sslpassword=s3cr3t-two": {"s3cr3t-one", "s3cr3t-two"},
}


@pytest.mark.parametrize("url", PASSWORDS)
def test_the_password_of_a_database_is_a_secret(url: str) -> None:
    settings = load(write(f"[store]\nurl = '{url}'"))
    shown = f"{settings} {settings!r} {settings.store!r} {settings.model_dump()} {settings.model_dump_json()}"
    assert (settings.store.url, settings.store.file) == (url, None)
    assert PASSWORDS[url] <= {*settings.secrets}
    assert "s3cr3t" not in shown
    assert not [secret for secret in settings.secrets if secret in shown]
    assert "s3cr3t" not in redacted(f"A user said: {json.dumps(url)} {' '.join(PASSWORDS[url])}", settings.secrets)


@pytest.mark.parametrize(
    "url",
    ["postgresql://me@host/db", "postgresql:///db", "postgresql://host/db", "postgresql://me:@h/db", "sqlite:///a.db"],
)
def test_an_address_without_a_password_has_no_secret(url: str) -> None:
    assert load(write(f'[store]\nurl = "{url}"')).secrets == []


def test_the_address_of_a_database_may_have_a_line_end_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERBOY_STORE__URL", "postgresql://me:s3cr3t@host/db\n")
    settings = load()
    assert (settings.store.url, settings.secrets) == ("postgresql://me:s3cr3t@host/db", ["s3cr3t"])


def test_what_lies_on_this_machine_lies_beside_the_ledger_or_in_a_folder(tmp_path: Path) -> None:
    file = load(write('[store]\nurl = "sqlite:///a/paperboy.db"')).store
    server = load(write('[store]\nurl = "postgresql://host/db"', "etc/one.toml")).store
    named = load(write('[store]\nurl = "postgresql://host/db"\nfolder = "/var/lib/it"', "etc/two.toml")).store
    assert (file.clones, file.report) == (tmp_path / "a/paperboy.sources", tmp_path / "a/paperboy.db.health")
    local = tmp_path / "etc/paperboy.local"
    assert (server.clones, server.report) == (local / "sources", local / "health")
    assert named.clones == Path("/var/lib/it/sources")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().language = "en"


# Days


@pytest.mark.parametrize(
    ("days", "numbers"),
    [
        ("mon-sun", {0, 1, 2, 3, 4, 5, 6}),
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("mon,wed,fri", {0, 2, 4}),
        ("Sat, Sun", {5, 6}),
        ("fri-mon", {4, 5, 6, 0}),
        ("sun-sat", {0, 1, 2, 3, 4, 5, 6}),
        ("tue", {1}),
        ("mon-tue,sun", {0, 1, 6}),
    ],
)
def test_days(days: str, numbers: set[int]) -> None:
    assert weekdays(days) == numbers


@pytest.mark.parametrize("days", ["", "monday", "mon-", "mon--fri", "mon;tue", "월-금", "mon-fri-sun", "0-4"])
def test_days_that_are_none(days: str) -> None:
    with pytest.raises(ValueError, match="is no day of the week; write days such as"):
        weekdays(days)


def test_each_setting_is_described() -> None:
    """`paperboy settings` and the handbook's table are made of these words."""
    tables: tuple[type[BaseModel], ...] = (Settings, Schedule, Slack, Source, StoreSettings, Telegram, Web, Operators)
    undescribed = [
        f"{table.__name__}.{name}"
        for table in tables
        for name, field in table.model_fields.items()
        if not field.description and field.annotation not in tables
    ]

    assert undescribed == []


# How long it is kept who holds what


@pytest.mark.parametrize(("keep", "edits_for"), [("13d", "3d"), ("20d", "21d")])
def test_what_is_still_needed_is_not_deleted(keep: str, edits_for: str) -> None:
    """Posts are looked at again for two weeks, and messages are edited where it is known where they stand."""
    write(f'[schedule]\nkeep = "{keep}"\nedits_for = "{edits_for}"\n')
    assert refusal() == [
        'paperboy.toml: schedule.keep: this is too short; write "14d" or more, and no less than schedule.edits_for'
    ]


def test_without_a_word_it_is_kept_as_long_as_messages_are_edited() -> None:
    write('[schedule]\nedits_for = "60d"\n')
    assert load().schedule.kept_for == timedelta(days=60)
    write('[schedule]\nkeep = "21d"\nedits_for = "21d"\n')
    assert load().schedule.kept_for == timedelta(days=21)
