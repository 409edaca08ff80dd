"""The plain forms of LaTeX: symbols, letters above and below the line, alphabets, accents."""

from __future__ import annotations

import re
import unicodedata
from html.entities import html5


def _pairs(listed: str) -> dict[str, str]:
    words = listed.split()
    return dict(zip(words[::2], words[1::2], strict=True))


# HTML names most symbols as LaTeX does; these are the others, and those that mean something else there.
_OWN = _pairs(
    "epsilon ε varepsilon ε phi φ varphi φ infty ∞ partial ∂ cdot · exists ∃ to → gets ← implies ⇒ iff ⇔"
    " mapsto ↦ circ ∘ star ⋆ ast ∗ bullet • neq ≠ ne ≠ lnot ¬ neg ¬ land ∧ lor ∨ ldots … dots … dotsc … cdots ⋯"
    " dotsb ⋯ colon : lbrack [ rbrack ] lbrace { rbrace } lvert | rvert | mid | vert | lVert ‖ rVert ‖ Vert ‖"
    " backslash \\ langle ⟨ rangle ⟩ top ⊤ perp ⊥ prime ′ ell ℓ hbar ℏ degree ° S § P ¶ o ø O Ø aa å AA Å ae æ"
    " AE Æ oe œ OE Œ l ł L Ł ss ß i ı lesssim ≲ gtrsim ≳ odot ⊙ bigoplus ⊕ bigcup ⋃ bigcap ⋂ oint ∮ sharp ♯"
    " And & textasciitilde ~ textbackslash \\"
)
_FUNCTION = re.compile(
    "arccos|arcsin|arctan|arg|argmax|argmin|cosh?|coth?|csc|deg|det|dim|erf|exp|gcd|hom|inf|ker|lg|lim|liminf|limsup|ln|"
    "log|max|min|mod|Pr|sec|sgn|sinh?|softmax|sup|tanh?|tr"
)
_ALPHABETS = {"mathcal": "scr", "mathscr": "scr", "mathbb": "opf", "mathds": "opf", "mathfrak": "fr"}
# Accents by command, as characters that combine with the letter before them.
_COMBINING = {
    name: chr(int(code, 16))
    for name, code in _pairs(
        "hat 302 widehat 302 bar 304 overline 304 tilde 303 widetilde 303 vec 20d7 dot 307 ddot 308 check 30c breve 306"
        " acute 301 grave 300 mathring 30a \" 308 ' 301 ` 300 ^ 302 ~ 303 = 304 . 307 c 327 v 30c u 306 H 30b k 328"
        " r 30a"
    ).items()
}
_ABOVE = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ*′∗†⊤°∘",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ*′*†ᵀ°°",
        strict=True,
    )
)
_BELOW = dict(
    zip(
        "0123456789+-−=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)


def symbol(name: str) -> str:
    """Give the character or word that a command without arguments stands for, "" where there is none."""
    own = _OWN.get(name, name if is_function(name) else "")
    return own or html5.get(f"{name};", "")


def is_function(name: str) -> bool:
    return bool(_FUNCTION.fullmatch(name))


def letter(alphabet: str, of: str) -> str:
    """Give a letter of an alphabet such as `mathbb`, the letter itself where it has no such form."""
    return html5.get(f"{of}{_ALPHABETS[alphabet]};", of)


def is_alphabet(name: str) -> bool:
    return name in _ALPHABETS


def is_accent(name: str) -> bool:
    return name in _COMBINING


def accented(name: str, of: str) -> str:
    """Set an accent on a letter; "" for anything longer, and where no font shows it."""
    base = of.replace("ı", "i")
    return unicodedata.normalize("NFC", base + _COMBINING[name]) if len(base) == 1 and base.isalpha() else ""


def above(text: str) -> str:
    """Write a text above the line, `^(text)` where a letter of it has no such form."""
    return _script(text, "^", _ABOVE)


def below(text: str) -> str:
    """Write a text below the line, `_(text)` where a letter of it has no such form."""
    return _script(text, "_", _BELOW)


def _script(text: str, sign: str, forms: dict[str, str]) -> str:
    letters = text.replace(" ", "")
    if letters and all(one in forms for one in letters):
        return "".join(forms[one] for one in letters)
    return f"{sign}({text})" if len(text) > 1 else f"{sign}{text}"
