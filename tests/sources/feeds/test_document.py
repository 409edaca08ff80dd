"""Feeds of all formats to their entries; what is none, and what is a trap."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.errors import SourceError
from bot.sources.feeds.document import read
from bot.sources.feeds.entries import Entry, Feed
from bot.sources.web.fetcher import Fetched, Validators
from tests.support.feeds import item, rss

URL = "https://blog.example/feed.xml?key=SECRET"
MORNING = datetime(2026, 3, 1, 23, tzinfo=UTC)


def feed(content: str | bytes, content_type: str = "") -> Feed:
    raw = content.encode() if isinstance(content, str) else content
    return read(Fetched(raw, Validators(), URL, content_type))


def entry(xml: str) -> Entry:
    [found] = feed(rss(xml).content).entries
    return found


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>A blog</title><link href="/"/><entry>
<title type="html">A &amp;lt;think&amp;gt; &lt;i&gt;b&lt;/i&gt;</title><link href="/p/"/><id>tag:1</id>
<published>2026-03-02T08:00:00+09:00</published><updated>2026-03-02T08:00:00+09:00</updated>
<author><name>Ann</name></author><author><name>Bob</name></author>
<summary>Short.</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>a &lt;b</p></div></content>
</entry></feed>"""
ANN_AND_BOB = ("Ann", "Bob")


def test_atom() -> None:
    found = feed(ATOM)
    title, link, html = "A <think> b", "https://blog.example/p/", "<p>a &lt;b</p>"
    one = Entry(title, link, "https://blog.example/tag:1", MORNING, MORNING, html, authors=ANN_AND_BOB)
    assert (found.title, found.link, found.problem) == ("A blog", "https://blog.example/", "")
    assert [(e.title, e.link, e.published, e.html, e.authors) for e in found.entries] == [
        (one.title, one.link, one.published, one.html, one.authors)
    ]


def test_rss() -> None:
    found = entry(
        item(
            title="a < b",
            link="https://blog.example/p/",
            guid="7",
            pubDate="Mon, 02 Mar 2026 08:00:00 +0900",
            description="<p>short</p>",
            content__encoded="<p>the whole</p>",
            dc__creator="Ann, Bob",
        )
    )
    link = "https://blog.example/p/"
    own = "https://blog.example/7"
    assert found == Entry("a < b", link, own, MORNING, None, "<p>the whole</p>", "", ("Ann, Bob",))


def test_rss_one() -> None:
    text = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>T</title></channel><item rdf:about="y">
    <title><![CDATA[ Rain ]]></title><link>
    https://www.biorxiv.org/content/10.1101/2026.03.02.123456v1?rss=1 </link>
    <description><![CDATA[ Just text. ]]></description>
    <dc:creator><![CDATA[ Rain, A., Snow, B. ]]></dc:creator><dc:date>2026-03-02</dc:date></item></rdf:RDF>"""
    [found] = feed(text).entries
    assert (found.title, found.html, found.text) == ("Rain", "", "Just text.")
    assert (found.link, found.authors) == (
        "https://www.biorxiv.org/content/10.1101/2026.03.02.123456v1?rss=1",
        ("Rain, A., Snow, B.",),
    )
    assert found.published or found.updated == datetime(2026, 3, 2, tzinfo=UTC)


def test_json_feed() -> None:
    items: list[object] = [
        {
            "id": 7,
            "url": "https://blog.example/p/",
            "title": "Rain",
            "content_html": "<p>x</p>",
            "content_text": "x",
            "date_published": "2026-03-02T08:00:00+09:00",
            "date_modified": "2026-03-02T08:00:00",
            "authors": [{"name": "Ann"}, {"name": None}, "Bob"],
        },
        {"external_url": "https://a.example", "summary": "Short.", "date_published": "soon", "title": ["no"]},
        "broken",
    ]
    version = "https://jsonfeed.org/version/1.1"
    found = feed("\ufeff" + json.dumps({"version": version, "title": "A blog", "items": items}))
    seoul = datetime(2026, 3, 2, 8, tzinfo=timezone(timedelta(hours=9)))
    later = datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert found.entries == [
        Entry("Rain", "https://blog.example/p/", "7", seoul, later, "<p>x</p>", "", ("Ann",)),
        Entry("", "https://a.example", text="Short."),
    ]
    assert feed(json.dumps({"version": version, "items": "none"})).entries == []
    odd = {"title": "A\0 title\x07", "content_text": "on\0e\ntwo"}
    assert feed(json.dumps({"version": version, "items": [odd]})).entries == [Entry("A title", "", text="one\ntwo")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is no feed; give the address of the feed itself"),
        ("just words", "is no feed; give the address"),
        ("<html><p>Not here</p></html>", "is no feed; give the address"),
        (
            '<html><link href="/a.css"><link rel=alternate type="application/rss+xml" href="/rss.xml"></html>',
            "is no feed; it is a page, and names its feed: https://blog.example/rss.xml",
        ),
        ('<html><link type="application/atom+xml" rel="alternate"></html>', "give the address"),
        ('{"error": "none"}', "is no JSON Feed"),
        ("{", "is no JSON Feed"),
        ("<a>" * 100, "has tags within tags, more than 64 deep"),
        ("<rss>" + "<" * 30_000, r"is no well-formed XML \(line 1: .*\), and too large to guess"),
        ("<rss>&" + "&" * 30_000, "too large to guess"),
        ("<rss>&" + " " * 2**20, "too large to guess"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_no_feed(content: str, said: str) -> None:
    with pytest.raises(SourceError, match=said) as raised:
        feed(content)
    assert str(raised.value).startswith("https://blog.example/feed.xml: ")
    assert "SECRET" not in str(raised.value)


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
FILE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("declared", [BOMB, FILE, '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:1/x.dtd">%a;]>'])
def test_entities_are_refused(declared: str) -> None:
    with pytest.raises(SourceError, match="declares entities of its own"):
        feed(f"{declared}<rss><channel><title>&a;</title></channel></rss>")


def test_an_external_dtd_is_not_loaded() -> None:
    text = rss(item(title="Rain")).content.decode().partition("?>")[2]
    dtd = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://127.0.0.1:1/rss.dtd">'
    assert [one.title for one in feed(dtd + text).entries] == ["Rain"]


def test_xml_that_is_broken_is_read_as_far_as_it_goes() -> None:
    found = feed(rss(item(title="Rain"), "<item><title>A & B</title></item>", item(title="Snow")).content)
    assert found.problem.startswith("https://blog.example/feed.xml: is no well-formed XML (line 1: ")
    assert [one.title for one in found.entries] == ["Rain", "A & B", "Snow"]


def test_fields_that_are_missing_or_odd() -> None:
    found = feed(rss("<item/>", item(title="x" * 5000, pubDate="soon", link="  ")).content)
    assert [(one.title[:3], one.link, one.published, one.authors) for one in found.entries] == [
        ("", "", None, ()),
        ("xxx", "", None, ()),
    ]
    assert len(found.entries[1].title) <= 1000


TOO_LATE = "9999-12-31T23:59:59-12:00"


@pytest.mark.parametrize(
    "date", ["Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "31 Feb 2026", TOO_LATE]
)
def test_dates_that_cannot_be(date: str) -> None:
    found = entry(item(title="Rain", pubDate=date))
    assert found.published is None or found.published.year in (1, 1970)
