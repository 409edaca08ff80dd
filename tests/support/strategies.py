"""Text and papers as no author would write them, and as some software does."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from formatters.model import Link, Paper, Section

NASTY = st.one_of(
    st.text(max_size=60),
    st.text("<>&*_~`[]()\\|!:/'\" ab가\n\t", max_size=60),
    st.text("\x00\x07\x1b\x7f\x9b\u202e\u200f\u200b\u2028\ufeff a", max_size=20),
    st.text("😀👩‍💻", min_size=1, max_size=3).map(lambda text: text * 900),
    st.text("가a&<😀", min_size=1, max_size=5).map(lambda text: text * 1000),
    st.sampled_from(
        [
            "<!channel>",
            "<@U123>",
            "<https://a.org|b>",
            "</b></a>",
            "&lt;&#60;&nbsp;",
            "[/bold]",
            "[link=x]",
            "\\",
            ":fire:",
        ]
    ),
    st.just("word " * 1000),
)
ADDRESS = st.one_of(
    st.just("https://arxiv.org/abs/2501.00001"),
    st.builds("https://a.org/{}".format, st.text(max_size=20)),
    st.just("https://a.org/?" + "&" * 2000),
    st.just("https://a.org/" + "x" * 2000),
    NASTY,
)
SECTION = st.builds(Section, NASTY, st.lists(NASTY, max_size=3).map("\n\n".join))
PAPER = st.builds(
    Paper,
    st.just("id"),
    st.integers(1, 9999),
    NASTY,
    ADDRESS,
    st.lists(st.builds(Link, NASTY, ADDRESS), max_size=10).map(tuple),
    st.lists(SECTION, max_size=3).map(tuple),
)
nasty = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
