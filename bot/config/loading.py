"""Loading the settings: one `paperboy.toml`, every key overridable from the environment and from `.env`.

Errors name the key, what is wrong, and what to do.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv.main import DotEnv
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from bot.config.explain import check_environment, explain_errors
from bot.config.settings import Settings
from bot.config.sources import Source
from bot.config.store import StoreSettings
from bot.errors import SettingsError

FILE = "paperboy.toml"
_DOTENV = ".env"
_CONFIG = "PAPERBOY_CONFIG"  # names the file
_IS_ADDRESS = re.compile(r"[\w+.-]+://|(?:[\w.-]+@)?[\w.-]+:")  # for git: of another machine, or file://


def load(path: Path | None = None) -> Settings:
    """Load the settings from a file, else from PAPERBOY_CONFIG, else from the working directory.

    Without any file the environment alone counts. It overrides the `.env` of the working directory, and that overrides
    the one beside the file; `os.environ` is not changed. Raises SettingsError with a line per problem.
    """
    environment = _environment()
    named = path or environment.get(_CONFIG)
    path = Path(named or FILE)
    table = _table(path) if named or path.exists() else {}
    return settings_from(table, path, {**_dotenv(path.parent.absolute()), **environment})


def settings_from(table: Mapping[str, Any], path: Path, environment: Mapping[str, str]) -> Settings:
    """Make settings of what stands, or shall stand, in a file; the environment overrides it.

    Raises SettingsError with a line per problem.
    """
    check_environment(environment, Settings)
    try:
        merged = _merged(_by_place(table), _overrides(environment))
        return _whole_paths(Settings(**merged), path.parent.absolute())
    except ValidationError as error:
        raise SettingsError("\n".join(explain_errors(error, str(path), environment, Settings))) from None


def files(path: Path | None = None) -> list[Path]:
    """Name the files that `load` reads where they exist: the settings, and up to two `.env`."""
    found = Path(path or _environment().get(_CONFIG) or FILE).absolute()
    return list(dict.fromkeys((found, found.parent / _DOTENV, Path.cwd() / _DOTENV)))


def _environment() -> dict[str, str]:
    return {**_dotenv(Path.cwd()), **os.environ}


def _dotenv(folder: Path) -> dict[str, str]:
    """Read a `.env`, empty where there is none."""
    try:
        found = DotEnv(folder / _DOTENV, encoding="utf-8", override=False).dict()
    except (OSError, ValueError):
        raise SettingsError(f"{folder / _DOTENV}: cannot be read; save it as UTF-8, and check its rights") from None
    return {name: value for name, value in found.items() if value is not None}


def _overrides(environment: Mapping[str, str]) -> dict[str, Any]:
    """Give what the environment sets, as tables like those of the file."""
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): value for name, value in environment.items()}
    return source()


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge tables key by key; `above` overrides `below`."""
    both = {
        name: _merged(below[name], value)
        for name, value in above.items()
        if isinstance(value, dict) and isinstance(below.get(name), dict)
    }
    return {**below, **above, **both}


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        advice = "name your settings with --config, or let `paperboy init` write some"
        raise SettingsError(f"{path}: no such file; {advice}") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); name a file that you may read") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not a text in UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        advice = "mend that line: texts stand in quotes, tables in brackets"
        raise SettingsError(f"{path}: not valid TOML: {error}; {advice}") from None


def _by_place(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Name the tables of sources by their places, as the environment does."""
    sources = table.get("sources")
    return {**table, "sources": {str(n): one for n, one in enumerate(sources)}} if isinstance(sources, list) else table


def _whole_paths(settings: Settings, folder: Path) -> Settings:
    sources = tuple(_whole_source(source, folder) for source in settings.sources)
    return settings.model_copy(update={"sources": sources, "store": _whole_store(settings.store, folder)})


def _whole_store(store: StoreSettings, folder: Path) -> StoreSettings:
    url = store.url if store.file is None else f"sqlite:///{_whole(store.file, folder)}"
    return store.model_copy(update={"url": url, "folder": _whole(store.folder, folder)})


def _whole_source(source: Source, folder: Path) -> Source:
    """Let paths on this machine begin at the settings' own folder; one inside a repository stays."""
    if source.kind == "folder":
        return source.model_copy(update={"path": _whole(source.path, folder)})
    is_local = source.kind == "git" and not _IS_ADDRESS.match(source.url)
    return source.model_copy(update={"url": f"file://{_whole(Path(source.url), folder)}"}) if is_local else source


def _whole(path: Path, folder: Path) -> Path:
    try:
        return folder / path.expanduser()
    except RuntimeError:
        raise SettingsError(f"{path}: there is no such home directory; write the path without ~") from None
