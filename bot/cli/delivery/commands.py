"""The commands that an operator gives about messages or a whole digest; `main` registers them in their place."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from bot.cli import options
from bot.cli.program import perform

Digest = Annotated[
    str, typer.Argument(metavar="DIGEST", help="A digest, as `status` names it, or a day of which there is one alone.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first; without a terminal nothing is asked.")]


def retry(
    context: typer.Context,
    chat: options.Chat = "",
    digest: options.Digest = "",
    key: options.Key = "",
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Also what stays unconfirmed: you have looked, and it is not there.")
    ] = False,
    config: options.Config = None,
) -> None:
    """Try again what failed or is held; what is unconfirmed is looked for, and sent only where it is absent."""
    from bot.cli.delivery import resolve
    from bot.ledger.records.reports import Selection

    perform(partial(resolve.retry, which=Selection(chat, digest, key), unseen=unseen), config or context.obj)


def discard(
    context: typer.Context,
    chat: options.Chat = "",
    digest: options.Digest = "",
    key: options.Key = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Also what waits, and what the sources hold now: nothing old is sent.")
    ] = False,
    config: options.Config = None,
) -> None:
    """Give up what failed, is unconfirmed or held; what stands in a chat stays there."""
    from bot.cli.delivery import resolve
    from bot.ledger.records.reports import Selection

    perform(partial(resolve.discard, which=Selection(chat, digest, key), everything=everything), config or context.obj)


def send(context: typer.Context, digest: Digest, chat: options.Chat = "", config: options.Config = None) -> None:
    """Hand a digest that was missed to a chat, or to all that receive; what a chat has does not come twice."""
    from bot.cli.delivery import by_hand

    sys.exit(perform(partial(by_hand.send, said=digest, chat=chat), config or context.obj))


def drop(context: typer.Context, digest: Digest, yes: Yes = False, config: options.Config = None) -> None:
    """Take a wrong digest out: nothing more of it is sent until its post changes; what was sent stays."""
    from bot.cli.delivery import by_hand

    sys.exit(perform(partial(by_hand.drop, said=digest, yes=yes), config or context.obj))


def recall(
    context: typer.Context, digest: Digest, chat: options.Chat = "", yes: Yes = False, config: options.Config = None
) -> None:
    """Delete the messages of a digest in a chat, or in all and drop it; what cannot be deleted is told and stays."""
    from bot.cli.delivery import by_hand

    sys.exit(perform(partial(by_hand.recall, said=digest, chat=chat, yes=yes), config or context.obj))
