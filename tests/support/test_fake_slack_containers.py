"""The fake Slack reads containers as strictly as slack_sdk describes them and as others found Slack to be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block, ContainerBlock
from slack_sdk.web.async_client import AsyncWebClient

from tests.support.chats import SLACK_CHAT
from tests.support.fakes.block_checks import BlockError
from tests.support.fakes.blocks import check_blocks, check_view_blocks
from tests.support.fakes.mrkdwn import shown
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.slack_presses import press, with_ids

Node = dict[str, Any]
DIVIDER = {"type": "divider"}
RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}


def words(text: str, kind: str = "plain_text") -> Node:
    return {"type": kind, "text": text}


def container(*children: Node, **more: Any) -> Node:
    return {"type": "container", "title": words("One"), "child_blocks": list(children or [DIVIDER]), **more}


def without(block: Node, name: str) -> Node:
    return {key: value for key, value in block.items() if key != name}


@pytest.mark.parametrize(
    "blocks",
    [
        [container()],
        [container(*[DIVIDER] * 10)],
        [container(is_collapsible=True, default_collapsed=True, subtitle=words("*s*", "mrkdwn"), width="wide")],
        [container(has_header_divider=True, icon={"type": "image", "image_url": "https://a.org/i", "alt_text": "i"})],
        [without(container(rich_text_title=RICH), "title")],
        [container({"type": "section", "text": words("x", "mrkdwn") | {"verbatim": True}, "expand": True})],
        [container({"type": "header", "text": words("x")}, {"type": "context", "elements": [words("x")]})],
        [container(*[DIVIDER] * 9)] * 5,
    ],
)
def test_good_containers(blocks: list[Node]) -> None:
    check_blocks(blocks)
    for parsed in Block.parse_all(blocks):
        parsed.validate_json()


@pytest.mark.parametrize(
    ("blocks", "why"),
    [
        ([without(container(), "child_blocks") | {"blocks": [DIVIDER]}], "lacks child_blocks"),
        ([container(blocks=[DIVIDER])], "has no blocks"),
        ([without(container(), "title")], "needs title"),
        ([container(title=words("x" * 151))], "1 to 150"),
        ([container(title=words("x", "mrkdwn"))], "'mrkdwn' is none of plain_text"),
        ([container(subtitle=words("x" * 151))], "1 to 150"),
        ([container(subtitle=words(""))], "1 to 150"),
        ([container() | {"child_blocks": []}], "1 to 10"),
        ([container(*[DIVIDER] * 11)], "1 to 10"),
        ([container(RICH)], "'rich_text' is none of"),
        ([container(container())], "'container' is none of"),
        ([container({"type": "markdown", "text": "x"})], "'markdown' is none of"),
        ([container({"type": "section", "text": words("x" * 3001)})], "1 to 3000"),
        ([container({"type": "section", "text": words("x"), "expand": 1})], "expand: true or false"),
        ([container({"type": "section", "text": words("x", "mrkdwn") | {"verbatim": "yes"}})], "verbatim"),
        ([container(width="huge")], "width"),
        ([container(is_collapsible="yes")], "true or false"),
        ([container(default_collapsed=True)], "requires is_collapsible"),
        ([container(is_collapsible=True, has_header_divider=True)], "has_header_divider"),
        ([container(DIVIDER | {"block_id": "b"}), DIVIDER | {"block_id": "b"}], "duplicate block_id"),
        ([container(*[DIVIDER] * 9)] * 5 + [DIVIDER], "more than 50 blocks"),
    ],
)
def test_bad_containers(blocks: list[Node], why: str) -> None:
    with pytest.raises(BlockError, match=why):
        check_blocks(blocks)


def test_no_container_in_a_view() -> None:
    with pytest.raises(BlockError, match="'container' is none of"):
        check_view_blocks([container()])


def test_a_button_in_a_container_is_pressed() -> None:
    row = {"type": "actions", "elements": [{"type": "button", "text": words("Open"), "action_id": "a", "value": "v"}]}
    blocks = [{**DIVIDER}, container({**DIVIDER}, row)]
    assert [child["block_id"] for child in with_ids(blocks)[1]["child_blocks"]] == ["b2", "b3"]
    pressed = press(blocks, "Open", "")
    assert (pressed["value"], pressed["block_id"]) == ("v", "b3")


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as slack:
        slack.add_channel(SLACK_CHAT, name="papers")
        yield slack


async def test_a_workspace_that_does_not_know_containers(slack: FakeSlack) -> None:
    client = AsyncWebClient(slack.token, base_url=slack.base_url, retry_handlers=[])
    blocks = [ContainerBlock(title="One", child_blocks=[DIVIDER])]
    ts = (await client.chat_postMessage(channel=SLACK_CHAT, text="x", blocks=blocks))["ts"]
    slack.knows_containers = False
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        await client.chat_update(channel=SLACK_CHAT, ts=ts, text="x", blocks=blocks)
    await client.chat_update(channel=SLACK_CHAT, ts=ts, text="y", blocks=[DIVIDER])
    assert slack.shown(SLACK_CHAT)[0].text == "y"


# mrkdwn


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("*a* _b_ ~c~ `d`", "a b c d"),
        ("＊a＊, 논문*을*", "a, 논문을"),
        ("a*b*c x_t and y_t 2 * 3 * 4", "a*b*c x_t and y_t 2 * 3 * 4"),
        ("> a\n&gt; b\n  ＞ c\nd > e", "a\nb\nc\nd > e"),
        ("```\n*a*\n``` *b*", "\n*a*\n b"),
        (":fire: 10:30", " 10:30"),
        ("&lt;a&gt; &amp;amp;", "<a> &amp;"),
        ("*<https://a.org/?x&amp;y|A _b_>*", "A b"),
    ],
)
def test_what_is_shown_of_mrkdwn(text: str, read: str) -> None:
    assert shown(words(text, "mrkdwn")).text == read
    assert shown(words(text)) == (text, [])


def test_links_of_mrkdwn() -> None:
    assert shown(words("<https://a.org/?x&amp;y|A &amp; B>", "mrkdwn")).links == [("A & B", "https://a.org/?x&y")]


@pytest.mark.parametrize("text", ["<!channel>", "a < b", "R&D", "```a", "<https://a.org>"])
def test_what_is_not_escaped_in_mrkdwn(text: str) -> None:
    with pytest.raises(BlockError):
        shown(words(text, "mrkdwn"))
