"""Posts made to order: so many papers, worded so or otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

TODAY = datetime.now(UTC).date()  # old posts may no longer be edited
NAME = f"{TODAY}-daily-papers-{TODAY:%Y%m%d}.md"
PAPERS = range(1, 4)  # what most posts hold
RENAMED = f"{TODAY}-daily-papers-of-{TODAY:%A}.md"

_HEAD = """---
layout: post
title: "Daily Papers — {day}"
date: {day} 08:15:00
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


def post(numbers: Iterable[int], wording: str = "첫", day: date = TODAY) -> str:
    """Write a post of these papers, in this order; each keeps its address and title, whatever its wording."""
    papers = enumerate(numbers, start=1)
    texts = [_PAPER.format(place=place, number=number, wording=wording) for place, number in papers]
    return _HEAD.format(day=day) + "".join(texts)


def laid_out_anew(text: str) -> str:
    """Change blanks, bullets and line breaks; not a word."""
    start = text.index("\n#") + 1
    body = text[start:].replace("\n- ", "\n* ").replace(".\n", ".  \n").replace("\n## ", "\n\n\n## ")
    return f"{text[:start]}\n\n{body}"


def put(folder: Path, text: str, name: str = NAME) -> Path:
    """Put a post into a folder at once, as `git` and editors do: nobody reads half of it."""
    draft = folder / f".{name}"
    draft.write_text(text, encoding="utf-8")
    return draft.replace(folder / name)
