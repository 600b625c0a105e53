"""The formula as it was written: a tree of what the user typed, before any simplification.

    sum     = term (("+" | "-") term)*
    term    = signed (("*" | "/") signed)*
    signed  = "-" signed | "+" signed | power
    power   = atom ("**" signed)?
    atom    = number | name | name "(" argument ("," argument)* ")" | "(" sum ")"

The condition of `where` is a comparison of two sums. Python's own `ast` is no replacement:
"lambda" and "in" are names here, and of 19,000 faulty texts 12,000 got another position, which its versions differ on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from keras_acts.notation.meanings import CONSTANTS, FUNCTIONS
from keras_acts.notation.tokens import MAX_CONSTANT, FormulaError, Token, tokenize, unknown

MAX_DEPTH = 40  # parentheses, signs and powers inside each other
VARIABLE = "x"
COMPARISONS = ("<", "<=", ">", ">=")
_TOO_MUCH = {  # behind a whole formula
    ")": "This parenthesis was never opened.",
    ",": "A comma can only separate the arguments of a function.",
    **dict.fromkeys(COMPARISONS, "A comparison can only be the condition of where(condition, value, otherwise)."),
}


@dataclass(frozen=True)
class Node:
    """A number, a name, or an operator or function with its arguments."""

    name: str  # "number", "name", "+", "-", "*", "/", "**", "negative", a comparison, or a function
    arguments: tuple["Node", ...]
    position: int
    value: float = 0.0  # of a number
    identifier: str = ""  # of a name, and of the numbers pi and e

    def walk(self) -> Iterator["Node"]:
        """This node and all below it."""
        yield self
        for argument in self.arguments:
            yield from argument.walk()

    @cached_property
    def names(self) -> dict[str, int]:
        """The variable and the parameters, each with a position where it stands."""
        return {node.identifier: node.position for node in self.walk() if node.name == "name"}


def parse(text: str) -> Node:
    """The tree of a formula.

    Raises:
        FormulaError: for anything outside the grammar, with its position.
    """
    return _Parser(text).formula()


class _Parser:
    """Recursive descent, with one method for each line of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._index = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._index]

    def _take(self, *symbols: str) -> Token | None:
        token = self._next
        if token.kind != "symbol" or token.text not in symbols:
            return None
        self._index += 1
        return token

    def _error(self, message: str, position: int | None = None) -> FormulaError:
        return FormulaError(message, self._text, self._next.position if position is None else position)

    def formula(self) -> Node:
        tree = self.sum(0)
        if self._next.kind != "end":
            raise self._error(_TOO_MUCH.get(self._next.text, "An operator (+ - * / **) is missing here."))
        return tree

    def _closed(self, node: Node) -> Node:
        if self._take(")") is None:
            raise self._error("')' is missing here.")
        return node

    def sum(self, depth: int) -> Node:
        return self._from_left(("+", "-"), lambda: self._from_left(("*", "/"), lambda: self._signed(depth)))

    def _from_left(self, signs: tuple[str, str], operand: Callable[[], Node]) -> Node:
        left = operand()
        while sign := self._take(*signs):
            left = Node(sign.text, (left, operand()), sign.position)
        return left

    def _signed(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._error(f"A formula is nested at most {MAX_DEPTH} deep.")
        if sign := self._take("-"):
            return Node("negative", (self._signed(depth + 1),), sign.position)
        return self._signed(depth + 1) if self._take("+") else self._power(depth)

    def _power(self, depth: int) -> Node:
        base = self._atom(depth)
        sign = self._take("**")
        return base if sign is None else Node("**", (base, self._signed(depth + 1)), sign.position)

    def _atom(self, depth: int) -> Node:
        token = self._next
        if token.kind in ("number", "name"):
            self._index += 1
            if token.kind == "number":
                return self._number(token)
            return self._call(token, depth) if self._take("(") else self._name(token)
        if self._take("("):
            return self._closed(self.sum(depth + 1))
        if token.kind == "end" and not self._text.strip():
            raise self._error("A formula is empty.")
        raise self._error("A number, x, a parameter or a function is missing here.")

    def _number(self, token: Token) -> Node:
        value = float(token.text)
        if value > MAX_CONSTANT:
            raise self._error(f"A number is at most {MAX_CONSTANT:g}.", token.position)
        return Node("number", (), token.position, value=value)

    def _name(self, token: Token) -> Node:
        if token.text in CONSTANTS:
            return Node("number", (), token.position, CONSTANTS[token.text], token.text)
        if token.text in FUNCTIONS:
            raise self._error(
                f"'{token.text}' is a function and needs arguments in parentheses: {token.text}(x).", token.position
            )
        return Node("name", (), token.position, identifier=token.text)

    def _call(self, token: Token, depth: int) -> Node:
        name = token.text
        if name not in FUNCTIONS:
            raise self._error(unknown("function", name, FUNCTIONS), token.position)
        arity = FUNCTIONS[name].arity
        arguments = [self._condition(depth + 1) if name == "where" else self.sum(depth + 1)]
        while self._take(","):
            arguments.append(self.sum(depth + 1))
        if self._next.text in COMPARISONS:
            raise self._error(
                "A comparison is the first argument of where and has two sides: for 0 < x < 1, "
                "where(0 < x, where(x < 1, a, b), b)."
            )
        if len(arguments) != arity:
            given = f"{arity} argument{'s' if arity > 1 else ''}, not {len(arguments)}"
            raise self._error(f"'{name}' takes {given}.", token.position)
        return self._closed(Node(name, tuple(arguments), token.position))

    def _condition(self, depth: int) -> Node:
        left = self.sum(depth)
        sign = self._take(*COMPARISONS)
        if sign is None:
            raise self._error("The condition of where(condition, value, otherwise) is a comparison such as x > 0.")
        return Node(sign.text, (left, self.sum(depth)), sign.position)
