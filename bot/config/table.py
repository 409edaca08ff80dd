"""What all tables of the settings share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr
from pydantic_settings import NoDecode

from bot.config.fields import parse_list, strip_secret

Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(parse_list)]
Token = Annotated[SecretStr | None, BeforeValidator(strip_secret)]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
