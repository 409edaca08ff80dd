"""The real posts that the bot is first built for, when they lie beside the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from formatters import addresses, compose
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.model import Digest
from formatters.slack import SlackFormatter
from formatters.spans import plain
from formatters.summary import summarise
from tests.support.golden import SHARED, digest_of, is_digest
from tests.support.posts import body_of, lost_words
from tests.support.rendering import CASES, Case, letters, letters_of, same_link, seen

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="shared posts are not here")

EN = phrases("en")
POSTS = sorted([*SHARED.glob("posts/*.md"), *SHARED.glob("post-history/*.md")])
DIGESTS = [post for post in POSTS if is_digest(post)]
WHOLE = [post for post in DIGESTS if "truncated" not in post.name]
each_post = pytest.mark.parametrize("post", DIGESTS, ids=lambda post: f"{post.parent.name}/{post.name}")


def numbered(digest: Digest) -> list[int]:
    return [paper.number for paper in digest.papers]


def test_how_many_papers_each_post_has() -> None:
    assert {post.name: len(digest_of(post).papers) for post in DIGESTS} == {
        "2025-08-29-daily-papers.md": 10,
        "2025-08-29.truncated.md": 10,
        "2025-09-01-Arxiv.md": 19,
        "2025-09-03-daily-papers-20250903.md": 39,
        "2025-09-10-daily-papers-20250910.md": 18,
        "2025-09-10.version-1.md": 17,
        "2025-09-10.version-2.md": 18,
        "2025-09-10.version-3.md": 18,
        "2025-11-20-daily-papers-20251120.md": 1,
        "2025-12-24-daily-papers-20251224.md": 3,
        "2025-12-26-daily-papers-20251226.md": 0,
    }


@each_post
def test_papers_are_numbered_and_known_by_their_arxiv_ids(post: Path) -> None:
    digest = digest_of(post)

    assert numbered(digest) == list(range(1, len(digest.papers) + 1))
    assert all(addresses.arxiv_id(paper.url) == paper.id for paper in digest.papers)
    assert digest.id.endswith(f"/{post.name[:10]}")


@each_post
def test_no_word_is_lost(post: Path) -> None:
    assert lost_words(body_of(post), digest_of(post)) == []


@each_post
@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_paper_is_one_message_with_its_title_and_link(post: Path, case: Case) -> None:
    digest = digest_of(post)

    cards = [message for message in case.formatter.digest(digest) if message.key.startswith("paper/")]

    assert [card.key for card in cards] == [f"paper/{paper.id}" for paper in digest.papers]
    for paper, card in zip(digest.papers, cards, strict=True):
        shown = case.see(card)
        assert shown.text.startswith(f"{paper.number}. {paper.title}\n\n")
        assert (paper.title, same_link(paper.url)) in [(label, same_link(url)) for label, url in shown.links]
        assert "…" not in shown.text


@each_post
@pytest.mark.parametrize("case", CASES[:3], ids=str)
def test_indexes_and_full_summaries_are_taken(post: Path, case: Case) -> None:
    digest = digest_of(post)

    index = [case.see(message).text for message in case.formatter.digest(digest, Edition("index"))]
    assert letters("".join(index)) == letters_of(compose.index(digest, case.words))
    for paper in digest.papers:
        full = [case.see(message).text for message in case.formatter.paper(paper)]
        assert letters("".join(full)).startswith(letters_of(compose.full(paper, EN)))


def test_in_slack_papers_open_at_a_press_and_lose_no_word() -> None:
    counts = {}
    for post in DIGESTS:
        digest = digest_of(post)
        messages = SlackFormatter(EN).digest(digest, Edition("digest", folded=True))
        shown = letters("".join(seen("slack", message.body).text for message in messages))
        assert all(letters_of(one) in shown for paper in digest.papers for one in compose.sections(paper))
        counts[post.name] = len(messages)
    assert counts == {
        "2025-08-29-daily-papers.md": 2,
        "2025-08-29.truncated.md": 2,
        "2025-09-01-Arxiv.md": 4,
        "2025-09-03-daily-papers-20250903.md": 6,
        "2025-09-10-daily-papers-20250910.md": 3,
        "2025-09-10.version-1.md": 3,
        "2025-09-10.version-2.md": 3,
        "2025-09-10.version-3.md": 3,
        "2025-11-20-daily-papers-20251120.md": 1,
        "2025-12-24-daily-papers-20251224.md": 1,
        "2025-12-26-daily-papers-20251226.md": 1,
    }


@each_post
@pytest.mark.parametrize("edition", [Edition("thread", folded=True), Edition("messages", folded=True)], ids=str)
def test_in_slack_each_paper_is_one_message_with_all_it_says(post: Path, edition: Edition) -> None:
    digest = digest_of(post)
    formatter = SlackFormatter(EN, buttons=True)
    for paper, card in zip(
        digest.papers, formatter.digest(digest, edition)[-len(digest.papers) or None :], strict=False
    ):
        shown = seen("slack", card.body)
        assert all(letters_of(one) in letters(shown.text) for one in compose.sections(paper))
        assert shown.buttons == []


@pytest.mark.parametrize("post", WHOLE, ids=lambda post: post.name)
def test_each_short_summary_says_at_least_two_whole_sentences_of_the_paper(post: Path) -> None:
    for paper in digest_of(post).papers:
        summary = summarise(paper)
        found = [sentence for sentence in (summary.goal, summary.contribution, summary.result) if sentence]

        assert len(found) >= 2
        assert all(
            sentence.endswith(".") and letters(sentence) in letters_of(compose.full(paper, EN)) for sentence in found
        )


def test_versions_of_one_post_are_one_digest_and_keep_their_papers() -> None:
    one, two, three = (digest_of(SHARED / f"post-history/2025-09-10.version-{n}.md") for n in (1, 2, 3))

    assert one.id == two.id == three.id
    ids = [{paper.id for paper in digest.papers} for digest in (one, two, three)]
    assert len(ids[1] - ids[0]) == 1
    assert ids[1] == ids[2]
    assert [plain(compose.full(paper, EN)) for paper in two.papers] == [
        plain(compose.full(paper, EN)) for paper in three.papers
    ]
