"""What the full-text index finds in Korean and in English, in SQLite and in PostgreSQL."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select

from bot.archive.ngrams import LONGEST_QUERY, MOST_TERMS, to_index_words, to_phrases
from bot.database.dialect import PaperWords, holds, insert
from bot.database.postgres.addresses import driver_url
from bot.database.schema import paper_words
from tests.support.postgres.databases import Ledgers

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

TITLE = "Mini-o3: 잠재확산모델을 위한 GPT4 기반 Naïve Diffusion (2509.07969)"


class Index:
    """The index by itself, in which texts are held for as long as they are searched."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def finds(self, words: str, *texts: str) -> list[int]:
        """Give the numbers of the texts, 1, 2, …, in which words are found."""
        if not (phrases := to_phrases(words)):
            return []
        held = [PaperWords([], to_index_words(text)) for text in texts]
        rows = [{"rowid": number, "title": one, "body": one} for number, one in enumerate(held, 1)]
        found = select(paper_words.c.rowid).where(holds(paper_words.c.body, phrases)).order_by(paper_words.c.rowid)
        with self._engine.connect() as db:  # which is never committed
            db.execute(insert(paper_words), rows)
            return list(db.execute(found).scalars())


@pytest.fixture(scope="session")
def sqlite_index() -> Iterator[Index]:
    engine = create_engine("sqlite://")
    with engine.begin() as db:
        db.exec_driver_sql("CREATE VIRTUAL TABLE words USING fts5 (title, body, tokenize = 'unicode61')")
    yield Index(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_index(postgres_ledgers: Ledgers) -> Iterator[Index]:
    with postgres_ledgers.lend() as url:
        engine = create_engine(driver_url(url))
        yield Index(engine)
        engine.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def index(request: pytest.FixtureRequest) -> Index:
    found: Index = request.getfixturevalue(f"{request.param}_index")
    return found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("확", "확"),
        ("확산모델", "확산 산모 모델 델"),
        ("GPT4기반 o3", "gpt4 기반 반 o3"),
        ("2509.07969", "2509 07969"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("Straße, İstanbul, Ế, x̂", "strasse istanbul e x"),
        ("拡散モデル", "拡散 散モ モデ デル ル"),
        ("ガ・か゛", "ガ か"),
        ("snake_case", "snake case"),
        ("dif\u00adfu\u200bsion", "diffusion"),
        ("모\u3164델\u115f", "모 델"),
        ("\0 \ud800 … 🎉", ""),
    ],
)
def test_what_the_index_holds(text: str, words: str) -> None:
    assert to_index_words(text) == words.split()


@pytest.mark.parametrize(
    ("words", "phrases"),
    [
        ("", []),
        ("?! \0 \ud800 _ ㅤ", []),
        ("확", ["확"]),
        ("확산", ["확산"]),
        ("확산모델", ["확산 산모 모델"]),
        ("Diffus", ["diffus"]),
        ("mini-o3", ["mini o3"]),
        ("GPT기반", ["gpt", "기반"]),
        ("cat NOT dog cat", ["cat", "not", "dog"]),
    ],
)
def test_what_the_index_is_asked(words: str, phrases: list[str]) -> None:
    assert to_phrases(words) == [tuple(phrase.split()) for phrase in phrases]


@pytest.mark.parametrize(
    "words",
    [
        "확산",
        "산",
        "모델을",
        "diffus",
        "ＤＩＦＦＵＳＩＯＮ",
        "naive",
        "naïve",
        "2509.07969",
        "2509.07",
        "mini-o3",
        "o3",
        "gpt",
        "gpt4",
        "GPT4기반",
        "모델 diffusion",
        '"확산" (diffusion)*',
        unicodedata.normalize("NFD", "잠재확산"),
    ],
)
def test_words_that_find_the_title(index: Index, words: str) -> None:
    assert index.finds(words, "다른 논문", TITLE) == [2]


@pytest.mark.parametrize("words", ["산확", "확산 모형", "잠재모델", "iffusion", "diffusion transformer", "07969.2509"])
def test_words_that_do_not(index: Index, words: str) -> None:
    assert index.finds(words, TITLE) == []


def test_pairs_of_two_words_make_no_phrase(index: Index) -> None:
    assert index.finds("확산모", "확산 산모", "확산 모", "확산모") == [3]


def test_a_query_is_cut() -> None:
    assert len(to_phrases(" ".join(map(str, range(99))))) == MOST_TERMS
    assert [len(phrase) for phrase in to_phrases("가" * 4000)] == [LONGEST_QUERY - 1]


SYLLABLES = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)
KOREAN = st.text(st.sampled_from("가나다") | SYLLABLES, min_size=1, max_size=12)


@given(KOREAN, st.data())
def test_any_piece_of_korean_is_found(index: Index, text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    piece = text[start : data.draw(st.integers(start + 1, len(text)))]
    around = data.draw(st.sampled_from(["{}", "앞 {} 뒤", "({})", "GPT4{}", "{}ed"]))

    assert index.finds(piece, around.format(text)) == [1]
    assert index.finds(unicodedata.normalize("NFD", piece), around.format(text)) == [1]


@given(KOREAN, KOREAN)
def test_korean_is_found_only_where_it_stands(index: Index, text: str, words: str) -> None:
    assert index.finds(words, text) == ([1] if words in text else [])


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,11}", fullmatch=True), st.data())
def test_any_beginning_of_an_english_word_is_found(index: Index, word: str, data: st.DataObject) -> None:
    assert index.finds(word[: data.draw(st.integers(1, len(word)))], f"on {word}s, 그리고") == [1]


SYNTAX = [*"\"'*^:-+(){}|\0\ud800\ud83dㅤ", " AND ", " OR ", " NOT ", " NEAR"]
ODD = st.lists(st.text() | st.sampled_from(SYNTAX)).map("".join)


@given(ODD | st.sampled_from(["NEAR(a b, 2)", "NOT a", "text : a", "- text : a", "^a + b", "a" * 4000]))
def test_no_input_is_an_error(index: Index, words: str) -> None:
    assert index.finds(words, TITLE, words) is not None


@given(st.text(st.characters(max_codepoint=0x17FF) | SYLLABLES))
def test_what_is_held_is_found_by_itself(index: Index, text: str) -> None:
    assert index.finds(text, text) == ([1] if to_index_words(text) else [])
    assert bool(to_index_words(text)) == bool(to_phrases(text))
