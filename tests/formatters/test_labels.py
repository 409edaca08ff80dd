"""Names of sections, lines and columns in four languages."""

from __future__ import annotations

import unicodedata

import pytest

from formatters.labels import is_section, may_close, says, tells


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("TL;DR", "brief"),
        ("핵심 요약", "brief"),
        ("一句话总结", "brief"),
        ("📝 Abstract", "abstract"),
        ("3. 초록:", "abstract"),
        ("【摘要】", "abstract"),
        ("概要", "abstract"),
        ("摘要 (Abstract)", "abstract"),
        ("Background & Motivation", "motivation"),
        ("核心贡献", "contribution"),
        ("手法", "method"),
        ("Rain", ""),
        ("A very long heading about the results of all things", ""),
    ],
)
def test_what_sections_say(name: str, kind: str) -> None:
    assert says(name) == says(unicodedata.normalize("NFD", name)) == kind
    assert is_section(name) is bool(kind)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(
            ("Authors", "author"),
            ("작성일", ""),
            ("저자", "author"),
            ("作者", "author"),
            ("🔗 링크", "link"),
            ("arXiv", "link"),
        ),
        *(("⭐", "score"), ("트랙", "topic"), ("标题", "title"), ("发布日期", "date"), ("コード", "code"), ("#", "")),
    ],
)
def test_what_lines_tell(name: str, kind: str) -> None:
    assert tells(name) == kind


def test_what_may_close_a_digest() -> None:
    assert may_close("📌 总结")
    assert may_close("Summary")
    assert not may_close("Method")
