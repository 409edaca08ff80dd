"""What stands in lines beside CommonMark: formulas, accents, orders to site generators, marks, footnotes."""

from __future__ import annotations

import re

from markdown_it.rules_inline import StateInline

from formatters.syntax.symbols import accented

_LONGEST = 2000  # characters of a formula in a line, or of a raw text

# Formulas. What begins like a sum of money and goes on in words is none: "$5 and 10$".
_DOLLARS = re.compile(
    r"\$\$(?=\S)([^$]{1,2000})\$\$"
    r"|\$(?![\s$])((?:[^$\\\n]|\\.|\n(?!\n))+)(?<!\s)\$(?![A-Za-z0-9$])",
    re.DOTALL,
)
_MONEY = re.compile(r"\d[\d.,]*\s*(?:[-–~]\s*)?(?:[A-Za-z]{2,}|[^\x00-\x7f]+)(?:[,.;]?\s|$)(?!.*\\)", re.DOTALL)
_BRACKETS = re.compile(r"\\\\?([(\[])")
_MATHS = re.compile(r"[\\^_=<>+*/|{}]|^.$|^\s.*\s$", re.DOTALL)

# Accents in LaTeX: Schr\"odinger, Erd\H{o}s. Others are escaped marks: \"so\".
_ACCENT = re.compile(
    r"\\(?P<sign>[\"'`^~=.])\{(?P<of>\\?[A-Za-z])\}|\\(?P<named>[cvuHkr])\{(?P<under>[A-Za-z])\}"
    r"|(?<=[A-Za-z])\\(?P<bare>[\"'^~])(?P<vowel>[aeiouynAEIOU])(?=[a-z]|\W|$)"
)

# What site generators leave out or replace.
_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}")
_END_RAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
_ATTRIBUTES = re.compile(
    r"\{%(?:[^{}]|\{\{[^{}]*\}\})*%\}"  # Liquid
    r"|\{\{<[^{}]*>\}\}|\{\{%[^{}]*%\}\}"  # shortcodes of Hugo
    r"|\{\{-?\s*(?:site|page|layout|include|paginator|content|post)\b[^{}]*\}\}"
    r"|\{::?(?:/\w*|\s*[.#:]?[^\W\d][^{}\n]*)\}"  # kramdown
    r"|(?<![^\s)\]>])\{\s*[.#][^\W\d][^{}\n]*\}"  # Pandoc, Hugo
    r"|(?<=[)\]])\{\s*[\w-]+=[^{}\n]*\}"
)

_BLANKS = re.compile(" +")
_MARKED = re.compile(r"==(?=[^\s=])[^=\n]{0,500}?(?<!\s)==(?![=A-Za-z0-9])")
_FOOTNOTE = re.compile(r"\[\^([^\[\]\s]{1,40})\](:?)")


def dollars(state: StateInline, silent: bool) -> bool:
    """Read a formula between dollars; a dollar beside a letter or digit is one of money."""
    if _is_letter(state.src[state.pos - 1 : state.pos]):
        return False
    found = _DOLLARS.match(state.src, state.pos, state.posMax)
    if not found or _MONEY.match(found[2] or ""):
        return False
    return _formula(state, silent, found[1] or found[2], found.end())


def brackets(state: StateInline, silent: bool) -> bool:
    """Read a formula in escaped brackets; escaped brackets around a word are brackets."""
    found = _BRACKETS.match(state.src, state.pos)
    if not found:
        return False
    close = found[0][:-1] + {"(": ")", "[": "]"}[found[1]]
    end = state.src.find(close, found.end(), min(state.posMax, found.end() + _LONGEST))
    formula = state.src[found.end() : end]
    if end < 0 or not _MATHS.search(formula):
        return False
    return _formula(state, silent, formula, end + len(close))


def accents(state: StateInline, silent: bool) -> bool:
    """Read a letter with its accent as LaTeX writes it."""
    found = _ACCENT.match(state.src, state.pos)
    if not found:
        return False
    letter = found["of"] or found["under"] or found["vowel"]
    written = accented(found["sign"] or found["named"] or found["bare"], letter.removeprefix("\\"))
    return bool(written) and _text(state, silent, written, found.end())


def attributes(state: StateInline, silent: bool) -> bool:
    """Leave out what site generators read; what they are told to leave alone stays."""
    if raw := _RAW.match(state.src, state.pos):
        end = _END_RAW.search(state.src, raw.end(), raw.end() + _LONGEST)
        kept = state.src[raw.end() : end.start()] if end else ""
        return _text(state, silent, kept, (end or raw).end())
    found = _ATTRIBUTES.match(state.src, state.pos)
    return found is not None and _text(state, silent, "", _without_blanks(state, found.end()))


def _without_blanks(state: StateInline, end: int) -> int:
    """Leave out the blanks behind what is left out, where there are some before it."""
    blanks = _BLANKS.match(state.src, end)
    return blanks.end() if blanks and state.src[state.pos - 1 : state.pos] in " \n" else end


def marks(state: StateInline, silent: bool) -> bool:
    """Leave out the signs of `==marked==` text, which has no form in chats."""
    ends = state.env.setdefault("marks", set())
    if state.pos in ends:
        return _text(state, silent, "", state.pos + 2)
    if _is_letter(state.src[state.pos - 1 : state.pos]) or not (found := _MARKED.match(state.src, state.pos)):
        return False
    ends.add(found.end() - 2)
    return _text(state, silent, "", state.pos + 2)


def footnotes(state: StateInline, silent: bool) -> bool:
    """Write a footnote's number in brackets, before its text as where it is set."""
    found = _FOOTNOTE.match(state.src, state.pos)
    if not found:
        return False
    is_text = found[2] and (state.pos == 0 or state.src[state.pos - 1] == "\n")
    return _text(state, silent, f"[{found[1]}]", found.end() if is_text else found.end(1) + 1)


def _formula(state: StateInline, silent: bool, formula: str, end: int) -> bool:
    if not silent:
        state.push("math", "", 0).content = formula
    state.pos = end
    return True


def _text(state: StateInline, silent: bool, text: str, end: int) -> bool:
    if not silent:
        state.append_pending(text)
    state.pos = end
    return True


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalnum()
