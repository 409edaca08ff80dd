"""The formats of reference managers, written by the libraries of the extra "export"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TextIO

import rispy
from pybtex.database import BibliographyData, Entry, Person
from pybtex.database.output.bibtex import Writer

from bot.cli.ledger.fields import Fields
from bot.cli.ledger.formats import Format

_ARXIV = re.compile(r"\d{4}\.\d{4,5}|[a-z.-]+/\d{7}")
_NO_KEY = re.compile(r"[^A-Za-z0-9.:/_-]+")
_AS_IT_IS = {"url", "doi", "eprint"}  # no text: LaTeX takes them as they are


def bibtex() -> Format:
    """Give the format of BibTeX and of what understands it."""
    return Format(_bibtex, between="\n", once=True)


def ris() -> Format:
    """Give the format of EndNote, Mendeley and Zotero."""
    return Format(_ris, between="\n", once=True)


FORMATS = {"bibtex": bibtex, "ris": ris}


class _BibTeX(Writer):  # type: ignore[misc]
    """Write text as LaTeX, and addresses as they are."""

    def _write_field(self, stream: TextIO, type: str, value: str) -> None:  # noqa: A002 - the name there
        if type in _AS_IT_IS:
            stream.write(f",\n    {type} = {{{value}}}")
        else:
            super()._write_field(stream, type, value)


class _Ris(rispy.RisWriter):  # type: ignore[misc]
    """Write no number before an entry, which is none of the format's."""

    def set_header(self, count: int) -> str:  # noqa: ARG002
        return ""


def _bibtex(one: Fields) -> str:
    entry = Entry("misc", dict(_bibtex_fields(one)), {"author": [_person(name) for name in one.authors]})
    key = _NO_KEY.sub("-", one.id).strip("-") or "paper"
    written: str = _BibTeX().to_string(BibliographyData({key: entry}))
    return written


def _bibtex_fields(one: Fields) -> Iterator[tuple[str, str]]:
    is_arxiv = _ARXIV.fullmatch(one.id)
    yield "title", _braced(one.title)
    if is_arxiv:
        yield from (("eprint", one.id), ("archiveprefix", "arXiv"))
    if year := _year(one.id):
        yield "year", year
    if doi := _doi(one.id):
        yield "doi", _quoted(doi)
    if one.url:
        yield "url", _quoted(one.url)
    yield "note", _braced(f"{one.series}, {one.day}")
    if one.summary:
        yield "abstract", _braced(one.summary)


def _ris(one: Fields) -> str:
    written: str = _Ris().formats([dict(_ris_fields(one))])
    return written.strip("\n") + "\n"


def _ris_fields(one: Fields) -> Iterator[tuple[str, Any]]:
    yield "type_of_reference", "UNPB"
    yield "title", _line(one.title)
    yield "authors", [_line(name) for name in one.authors]
    if year := _year(one.id):
        yield "year", year
    if doi := _doi(one.id):
        yield "doi", _line(doi)
    yield "urls", [url for url in (one.url, *(link.url for link in one.links)) if url]
    yield "notes", [_line(f"{one.series}, {one.day}")]
    if one.summary:
        yield "abstract", _line(one.summary)


def _person(name: str) -> Person:
    return Person(_braced(name.replace(",", " ")))


def _year(paper: str) -> str:
    """Give the year that an arXiv id names, "" for others: that of a digest is not the paper's."""
    found = re.fullmatch(r"(\d\d)\d\d\.\d{4,5}", paper)
    return f"20{found[1]}" if found else ""


def _doi(paper: str) -> str:
    return paper.removeprefix("doi:") if paper.startswith("doi:") else ""


def _braced(text: str) -> str:
    """Leave out braces: BibTeX refuses a text with one that is not closed."""
    return text.replace("{", "(").replace("}", ")")


def _quoted(address: str) -> str:
    return address.replace("{", "%7B").replace("}", "%7D")


def _line(text: str) -> str:
    """Put a text on one line, as each field has."""
    return " ".join(text.split())
