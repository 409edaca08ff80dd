"""The commands that an operator gives about a whole digest; `main` registers them in their place."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from bot.cli.options import Chat, Config
from bot.cli.program import perform

Digest = Annotated[
    str, typer.Argument(metavar="DIGEST", help="A digest, as `status` names it, or a day of which there is one alone.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first; without a terminal nothing is asked.")]


def send(context: typer.Context, digest: Digest, chat: Chat = "", config: Config = None) -> None:
    """Hand a digest that was missed to a chat, or to all that receive; what a chat has does not come twice."""
    from bot.cli.delivery import by_hand

    sys.exit(perform(partial(by_hand.send, said=digest, chat=chat), config or context.obj))


def drop(context: typer.Context, digest: Digest, yes: Yes = False, config: Config = None) -> None:
    """Take a wrong digest out: nothing more of it is sent until its post changes; what was sent stays."""
    from bot.cli.delivery import by_hand

    sys.exit(perform(partial(by_hand.drop, said=digest, yes=yes), config or context.obj))


def recall(context: typer.Context, digest: Digest, chat: Chat = "", yes: Yes = False, config: Config = None) -> None:
    """Delete the messages of a digest in a chat, or in all and drop it; what cannot be deleted is told and stays."""
    from bot.cli.delivery import by_hand

    sys.exit(perform(partial(by_hand.recall, said=digest, chat=chat, yes=yes), config or context.obj))
