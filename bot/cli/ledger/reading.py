"""What is named at the shell to be imported: sources of the settings, and folders of posts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.app.sources import make_folder, make_sources
from bot.config.settings import Settings
from bot.errors import SettingsError
from bot.network.options import check_network
from bot.sources.folder import never_young
from bot.sources.source import Source


def sources_of(named: Sequence[str], owner: str, settings: Settings) -> list[Source]:
    """Give what reads each of these: a source by its name, or a folder, whose digests are those of the source `owner`.

    Without `owner`, that is the only source. SettingsError for what is neither, and where the owner is not known.
    """
    check_network()
    known = {source.name: source for source in make_sources(settings)}
    return [known[one] if one in known else _folder(one, owner, settings) for one in named]


def _folder(path: str, owner: str, settings: Settings) -> Source:
    names = ", ".join(settings.source_names) or "none"
    if not Path(path).is_dir():
        raise SettingsError(f"{path}: neither a folder nor a source of the settings ({names})")
    owners = [source for source in settings.sources if source.name == owner or not owner]
    if len(owners) != 1:
        what = f"there is no source {owner}" if owner else "the settings have more than one source, or none"
        raise SettingsError(f"{path}: {what}; name with --source whose past it is ({names})")
    return make_folder(owners[0], settings, Path(path), never_young)
