"""Posts made to order: so many papers, worded so or otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

_DAY = datetime.now(UTC).date()  # old posts may no longer be edited
NAME = f"{_DAY}-daily-papers-{_DAY:%Y%m%d}.md"
PAPERS = range(1, 4)  # what most posts hold
RENAMED = f"{_DAY}-daily-papers-of-{_DAY:%A}.md"

_HEAD = f"""---
layout: post
title: "Daily Papers — {_DAY}"
date: {_DAY} 08:15:00
tags: [papers]
categories: []
---
"""

_PAPER = """
# {place}. [Paper {number} of Many](https://arxiv.org/abs/2502.{number:05})

> [Alphaxiv](https://www.alphaxiv.org/ko/overview/2502.{number:05})

## Introduction
- Goal: {wording} 목표 {number}을 이룬다.
- Motivation: {wording} 까닭이 {number}가지 있다.
- Contribution: {wording} 방법 <{number}> & 그 밖의 것을 내놓았다.

## Results
{wording} 점수 {number}점을 얻었다.

## Conclusion
{wording} 결론 {number}이다.
"""


def post(numbers: Iterable[int], wording: str = "첫") -> str:
    """Write a post of these papers, in this order; each keeps its address and title, whatever its wording."""
    papers = enumerate(numbers, start=1)
    return _HEAD + "".join(_PAPER.format(place=place, number=number, wording=wording) for place, number in papers)


def laid_out_anew(text: str) -> str:
    """Change blanks, bullets and line breaks; not a word."""
    body = text.removeprefix(_HEAD)
    return _HEAD + "\n\n" + body.replace("\n- ", "\n* ").replace(".\n", ".  \n").replace("\n## ", "\n\n\n## ")


def put(folder: Path, text: str, name: str = NAME) -> Path:
    """Put a post into a folder at once, as `git` and editors do: nobody reads half of it."""
    draft = folder / f".{name}"
    draft.write_text(text, encoding="utf-8")
    return draft.replace(folder / name)
