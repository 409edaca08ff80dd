"""What the set-up says in English."""

from __future__ import annotations

from bot.cli.console import plural
from bot.cli.init.wording.catalogue import Wording

WORDING = Wording(
    language="en",
    enter="Enter alone takes the value in [brackets].",
    pick=lambda most: f"Type a number from 1 to {most}, or what stands behind it",
    replace=lambda files: (
        f"{' and '.join(files)} {'are' if len(files) > 1 else 'is'} there already."
        f" Replace {'them' if len(files) > 1 else 'it'}?"
    ),
    keep="No, stop here",
    replace_them="Yes",
    kept="{files}: nothing was written, all stays as it is",
    kept_by_file="{files}: there already, and nothing was written; to replace what is there: replace = true",
    platform="Where shall the digests go?",
    platforms={"telegram": "Telegram", "slack": "Slack", "both": "Both"},
    which_bot="""The bot's token. Make a bot: write /newbot to @BotFather in Telegram.
What you type stays invisible.""",
    not_a_bot="This is no token; one looks like 123456:ABC-DEF",
    bot_refused="Telegram refuses this token; copy it again from @BotFather",
    telegram_chat="""The chat. Press Enter, then add @{bot}; the chat is found by itself:
  a channel: its name, Administrators, Add Administrator, @{bot};
    leave only the right "Post messages"
  a group: its name, Add members, @{bot}
  yourself: open t.me/{bot} and press Start
Or type its @name or number.""",
    no_address="This is no address of a chat; one looks like @name, -1001234567890 or, of a topic, -1001234567890:77",
    waiting="""Waiting for the bot to be added, or for a message to it … (Ctrl-C stops)
Is it there already? Remove it and add it again, or type the chat's @name.""",
    found_chat="{title} ({address})",
    which_found="Found. Shall the digests go there?",
    wait_on="No, wait for another one",
    other_program="Another program uses this bot: stop the running Paperboy first, then press Enter",
    missing_rights={
        "MEMBER": "the bot is not in it. Open the group, its name, Add members, @{bot}",
        "SPEAK": "the bot may not write. Open the group, its name, Permissions, Exceptions, @{bot}: allow messages",
        "POST": "the bot may not post. Open the channel, its name, Administrators, Add Administrator,"
        ' @{bot}: allow "Post messages"',
        "NO_EDITS": "the bot may edit what others wrote, and then cannot look for a message whose answer was"
        ' lost. Open the channel, its name, Administrators, @{bot}: take "Edit messages" away',
    },
    look_again="Done; look again",
    other_chat="Take another chat",
    go_on="Go on as it is",
    has_app="Is there a Slack app for Paperboy already?",
    has_app_options={"no": "No, show me how to make one", "yes": "Yes"},
    manifest="""Make the app of these lines, its manifest:
  1. Open api.slack.com/apps: Create New App, From a manifest, your workspace.
  2. Choose YAML, paste the lines above, then Next and Create.
  3. Install App, Install to Workspace: its token is asked for next.""",
    manifest_file="The same lines are in {file}",
    which_app="""The bot token of the app, which begins with xoxb-: Install App,
Bot User OAuth Token. What you type stays invisible.""",
    not_an_app="This is no bot token; it begins with xoxb-",
    app_refused="Slack refuses this token; copy it again from the app's page",
    lacking_scopes="The app lacks rights: {scopes}. On its page choose App Manifest, paste the one of Paperboy"
    " (deploy/slack-manifest.yaml), save, and install the app again",
    socket_app="""The app-level token, for commands and buttons: Basic Information,
App-Level Tokens, Generate, with connections:write. What you type stays
invisible. Enter alone: no commands, only digests.""",
    not_a_socket_app="This is no app-level token; it begins with xapp-",
    listens="commands and buttons work",
    only_delivers="no app-level token: digests are delivered, and no command is answered",
    slack_chat="""The channel: its number above, its #name or its id. Enter lists them again.
A private one is seen only when the app is invited there; its id stands at the
end of its details.""",
    not_invited="not invited: type `/invite {app}` there",
    no_channel="There is no such channel in the list; a private one: /invite the app there, or write its id",
    not_writable={
        "not_in_channel": "the app is not in it. Write there: /invite {app}",
        "channel_not_found": "Slack shows no such channel. Where it is private,"
        " write there: /invite {app}; else check the id",
        "is_archived": "it is archived. Unarchive it, or take another one",
    },
    source="Where do the papers come from?",
    source_kinds={
        "folder": "A folder of posts here",
        "git": "A git repository of posts",
        "huggingface": "Hugging Face: the Daily Papers",
        "arxiv": "arXiv: the new papers of categories",
        "feed": "A feed: RSS, Atom or JSON Feed",
    },
    source_addresses={
        "folder": "The folder of posts",
        "git": "The repository, as git clone takes it: https://github.com/me/blog.git",
        "arxiv": "The categories: cs.CL cs.LG",
        "feed": "The address of the feed: https://example.org/feed.xml",
    },
    nothing_said="Write one",
    no_folder="{path}: no such folder",
    no_web_address="This is no web address; one looks like https://example.org/feed.xml",
    looking="Looking …",
    posts_found=lambda posts, digests, papers: (
        f"{plural(posts, 'post')} read: {plural(digests, 'digest')}, {plural(papers, 'paper')}. The newest:"
    ),
    more=lambda papers: f"and {plural(papers, 'more paper')}",
    no_papers_now="There are no papers now, as on weekends; the next ones are delivered",
    nearest="Nearest to a paper:",
    lost="Not understood, line {line}: {words}",
    explain="More: `{command}`",
    no_digest="No digest was found there",
    other_source="Name another source",
    go_on_without_digest="Go on; a digest will come",
    hour="At what time (HH:MM)?",
    no_hour="This is no time of day; write one such as 08:30",
    zone="In which time zone?",
    no_zone="{zone} is no time zone; write a name such as Asia/Seoul or UTC",
    near_zone="{zone} is no time zone; did you mean {near}?",
    headings={"index": "the index", "paper": "the first paper", "digest": "the digest"},
    more_messages=lambda count: f"… and {plural(count, 'more message')} like the last one",
    send="""Here is how it looks.
Send the index and the first paper to {chats} now?""",
    rest="The rest comes at {at} ({zone}), or now with `{command}`.",
    rest_when_run="The rest comes when Paperboy runs, or now with `{command}`.",
    send_now="Yes, send the first paper",
    send_nothing="No, send nothing yet",
    sent="sent to {chat}",
    nothing_to_send="Nothing to send now: the chat has it, or it waits for its hour or its end (`{command}`)",
    comment="Written by `paperboy init`; `paperboy settings` lists what else there is.",
    written="{file} and {env} are written",
    go_on_with="Go on with:",
    doctor="checks everything",
    deliver="sends the newest digest now",
    deliver_rest="sends the rest now",
    run="delivers every day at {at} ({zone})",
    run_and_answer="delivers every day at {at} ({zone}), and answers readers",
    service="Keep it running with systemd?",
    yes_or_no={"no": "No", "yes": "Yes"},
    service_commands="These commands install and start it:",
    service_runs="It runs; `systemctl status paperboy` shows it",
    stopped="Stopped; nothing was written.",
    stopped_at_last="Stopped; the settings are written.",
)
