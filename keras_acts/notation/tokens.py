"""A formula's text cut into tokens, and the error that points at the offence."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_LENGTH = 1000  # characters
MAX_TOKENS = 300
MAX_CONSTANT = 1e30  # so that squares and products of constants stay far from overflow
_SHOWN = 70  # characters of a long formula shown around the offence

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<symbol>\*\*|<=|>=|[-+*/(),<>])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_HINTS = {"^": "Write a power as **.", "=": "Comparisons are <, <=, > and >=.", "!": "Comparisons are <, <=, > and >=."}


class FormulaError(ValueError):
    """What is wrong with a formula, and where: the text follows with a caret under the offence.

    Args:
        message: what was expected, and how to mend it.
        text: the formula.
        position: index of the offending character in `text`, or None where it is the formula as a whole.
    """

    def __init__(self, message: str, text: str, position: int | None = None) -> None:
        self.position = position
        if position is None:
            shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
            super().__init__(f"{message} Received: {shown!r}")
            return
        start = max(0, min(position - _SHOWN // 2, len(text) - _SHOWN))
        shown = "".join(char if char.isprintable() else " " for char in text[start : start + _SHOWN])
        super().__init__(f"{message} Received:\n    {shown}\n    {' ' * (position - start)}^")


@dataclass(frozen=True)
class Token:
    """A number, a name, a symbol or the end of the text, and where it stands."""

    kind: str
    text: str
    position: int


def tokenize(text: str) -> list[Token]:
    """The tokens of a formula, closed by one of kind "end".

    Raises:
        FormulaError: for a character that no formula has, or a formula that is too long.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"A formula has at most {MAX_LENGTH} characters; this one has {len(text)}.", text, 0)
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "other":
            hint = "A formula is made of numbers, x, parameters, functions, + - * / ** and parentheses."
            message = f"A formula cannot contain {match[0]!r}. {_HINTS.get(match[0], hint)}"
            raise FormulaError(message, text, match.start())
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match[0], match.start()))
    if len(tokens) > MAX_TOKENS:
        too_far = tokens[MAX_TOKENS].position
        raise FormulaError(f"A formula has at most {MAX_TOKENS} numbers, names and signs.", text, too_far)
    return [*tokens, Token("end", "", len(text))]


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """`There is no function 'tahn'. Did you mean 'tanh'?`"""
    near = difflib.get_close_matches(name.lower(), known, n=2, cutoff=0.6)
    question = f" Did you mean {' or '.join(map(repr, near))}?" if near else f" Known are {', '.join(known)}."
    return f"There is no {kind} '{name}'.{question}"
