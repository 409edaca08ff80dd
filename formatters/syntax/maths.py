"""Formulas in LaTeX as plain text: what has a plain form gets it, all else stays as it is written.

Libraries were weighed: pylatexenc drops commands it does not know and the braces of `x^{a+b}`, unicodeit leaves
fractions; both take more than ten times as long as this.
"""

from __future__ import annotations

import re

from formatters.syntax import symbols

_PIECE = re.compile(r"\\operatorname\*|\\[A-Za-z]+|\\.|[{}^_&~]|\s+|[^\\{}^_&~\s]+|\\$", re.DOTALL)
_DEEPEST = 20  # braces in braces; deeper ones stay as they are written
# Commands that only set how their argument looks.
_LOOKS = re.compile(
    r"text(?:bf|it|rm|sf|tt|sc)?|math(?:rm|bf|it|sf|tt|normal|op|bin|rel)|operatorname\*?|boldsymbol|bm|pmb|[mh]box|emph|"
    r"underline|ensuremath"
)
_FRACTION = re.compile("[dtcs]?frac|nicefrac")
# Commands of which nothing is seen.
_UNSEEN = re.compile(
    "left|right|middle|[bB]igg?[lrm]?|(?:display|text|script)style|(?:no)?limits|nonumber|notag|rm|bf|it|cal"
)
_ALIGNED = re.compile(r"\{(?:equation|align|aligned|alignat|gather|gathered|split|multline|eqnarray|cases)\*?\}")
_SPACES = {"quad": " ", "qquad": " ", ",": " ", ";": " ", ":": " ", " ": " ", "!": "", "\n": " ", ">": " "}
_SIMPLE = re.compile("[\\w.′*\u0302-\u0308]*|\\([^()]*\\)|\\|[^|]*\\|")


def readable(formula: str) -> str:
    """Give a formula, without its delimiters, as plain text."""
    reader = _Reader(_PIECE.findall(formula))
    read = formula if reader.is_deep else reader.until_end()
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", read)).strip()


class _Reader:
    """Reads pieces from left to right."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces
        self._at = 0
        self._aligned = False

    @property
    def is_deep(self) -> bool:
        depth = deepest = 0
        for piece in self._pieces:
            depth += (piece == "{") - (piece == "}")
            deepest = max(deepest, depth)
        return deepest > _DEEPEST

    def until_end(self) -> str:
        read = [self._group()]
        while self._at < len(self._pieces):  # a brace that closes nothing
            read += [self._take(), self._group()]
        return "".join(read)

    def _group(self) -> str:
        """Read until the brace that closes the group, or the end."""
        read: list[str] = []
        while self._at < len(self._pieces) and self._peek() != "}":
            if symbols.is_function(self._peek()[1:]) and read and read[-1][-1:].isalnum():
                read.append(" ")
            read.append(self._next())
        return "".join(read)

    def _peek(self) -> str:
        return self._pieces[self._at] if self._at < len(self._pieces) else ""

    def _take(self) -> str:
        piece = self._peek()
        self._at += 1
        return piece

    def _next(self) -> str:
        piece = self._take()
        if piece[0] == "\\" and len(piece) > 1:
            return self._command(piece[1:])
        match piece:
            case "{":
                return self._braced()
            case "^" | "_":
                return self._script(piece)
            case "~":
                return " "
            case "&" if self._aligned:
                return ""
        return " " if piece.isspace() else piece

    def _braced(self) -> str:
        read = self._group()
        self._at += 1
        return read

    def _script(self, sign: str) -> str:
        if self._peek() in ("", "^", "_", "}"):
            return sign
        return (symbols.above if sign == "^" else symbols.below)(self._argument())

    def _argument(self) -> str:
        """Read what a command is about: a group, a symbol, a letter."""
        if self._peek().isspace():
            self._at += 1
        piece = self._take()
        if piece == "{":
            return self._braced()
        if piece.startswith("\\"):
            return self._of_few(piece[1:])
        if len(piece) > 1:
            self._at -= 1
            self._pieces[self._at] = piece[1:]
        elif piece == "}":  # the end of the group that the command stands in
            self._at -= 1
        return piece[:1].replace("}", "")

    def _of_few(self, name: str) -> str:
        """Read a command without braces as an argument: `x_\\text{max}` or a symbol."""
        if self._peek() == "{" and _takes_letters(name):
            return self._command(name)
        return symbols.symbol(name) or (name if len(name) == 1 and not name.isalpha() else f"\\{name}")

    def _command(self, name: str) -> str:
        if _UNSEEN.fullmatch(name):
            return self._unseen()
        if name in _SPACES:
            return _SPACES[name]
        if name == "sqrt" or _takes_letters(name) or _FRACTION.fullmatch(name):
            return self._with_argument(name)
        if symbols.is_accent(name):
            return self._accented(name)
        return self._symbol(name)

    def _unseen(self) -> str:
        if self._peek().startswith("."):  # `\left.` is a bracket that is not seen
            self._pieces[self._at] = self._peek()[1:] or " "
        return ""

    def _with_argument(self, name: str) -> str:
        if not self._peek().strip() and self._at + 1 >= len(self._pieces):
            return f"\\{name}"
        if _FRACTION.fullmatch(name):
            return f"{_inside(self._argument())}/{_inside(self._argument())}"
        if name == "sqrt":
            return self._root()
        read = self._argument()
        return "".join(symbols.letter(name, one) for one in read) if symbols.is_alphabet(name) else read

    def _root(self) -> str:
        found = re.match(r"\[([^\]]*)\]", self._peek())
        if not found:
            return f"√{_inside(self._argument())}"
        self._pieces[self._at] = self._peek()[found.end() :] or " "
        return f"{symbols.above(found[1])}√{_inside(self._argument())}"

    def _accented(self, name: str) -> str:
        start = self._at
        kept = self._pieces[start : start + 2]
        read = symbols.accented(name, self._argument())
        if not read:
            self._at = start
            self._pieces[start : start + 2] = kept
            return f"\\{name}" + self._kept()
        return read

    def _symbol(self, name: str) -> str:
        if name == "\\":
            return "\n"
        if name in ("begin", "end"):
            return self._environment(name)
        plain = symbols.symbol(name)
        if plain and symbols.is_function(name):
            return plain + (" " if re.match(r"[^\W_]|\\", self._peek()) else "")
        if plain or not name[0].isalpha():
            return plain or ("‖" if name == "|" else name)
        return f"\\{name}" + self._kept()

    def _environment(self, name: str) -> str:
        argument = "".join(self._pieces[self._at : self._at + 3])
        if not _ALIGNED.fullmatch(argument):
            return f"\\{name}" + self._kept()
        self._at += 3
        self._aligned = name == "begin"
        return ""

    def _kept(self) -> str:
        """Keep the braces of an unknown command's arguments."""
        read = ""
        while self._peek() == "{":
            self._at += 1
            read += f"{{{self._group()}"
            read += "}" if self._peek() else ""
            self._at += 1
        return read


def _takes_letters(name: str) -> bool:
    """Tell whether a command sets how the letters in its argument look."""
    return symbols.is_alphabet(name) or bool(_LOOKS.fullmatch(name))


def _inside(part: str) -> str:
    part = part.strip()
    return part if _SIMPLE.fullmatch(part) or len(part) == 1 else f"({part})"
