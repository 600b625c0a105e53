"""Formulas put together from formulas, as text: the result is a formula again, and is saved as one."""

import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from keras_acts.authoring.formula import string_form
from keras_acts.authoring.formula.define import define
from keras_acts.authoring.formula.record import FormulaActivation
from keras_acts.core import resolve
from keras_acts.core.params import scalar
from keras_acts.notation import FUNCTIONS, VARIABLE, parse
from keras_acts.notation.tokens import tokenize, unknown

Formula = str | float | FormulaActivation
_ATOMS = frozenset({"number", "name", *FUNCTIONS})
_UNARY = tuple(name for name, meaning in FUNCTIONS.items() if meaning.arity == 1)
_SUMS = frozenset({"+", "-", "negative"})


@dataclass(frozen=True)
class Piece:
    """A part of a formula: its text and the values of its parameters."""

    text: str
    params: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        """The text as a term or a factor: a sum in parentheses."""
        return f"({self.text})" if parse(self.text).name in _SUMS else self.text

    @property
    def atom(self) -> str:
        """The text as what is divided by or raised to a power: anything with an operator in parentheses."""
        return self.text if parse(self.text).name in _ATOMS else f"({self.text})"

    def at(self, argument: str) -> "Piece":
        """The same of another argument in place of x."""
        tokens = tokenize(self.text)
        text, end = "", 0
        for index, token in enumerate(tokens):
            if token.kind != "name" or token.text != VARIABLE:
                continue
            is_alone = index > 0 and tokens[index - 1].text == "(" and tokens[index + 1].text == ")"
            replacement = argument if is_alone else Piece(argument).atom
            text, end = text + self.text[end : token.position] + replacement, token.position + len(VARIABLE)
        return Piece(text + self.text[end:], self.params)


def piece(formula: Formula, known: Mapping[str, Piece] = MappingProxyType({})) -> Piece:
    """The text of a formula, an activation made by `define`, a number, or a name.

    Args:
        formula: one of these; a name may be that of a function of one argument, such as "sigmoid", or one of `known`.
        known: what other names stand for.

    Raises:
        FormulaError: for what is outside the grammar.
        ValueError: for an unknown name, with near matches.
        TypeError: for anything else.
    """
    if isinstance(formula, FormulaActivation):
        return Piece(formula.formula, dict(formula.all_params))
    formula = scalar(formula)
    if isinstance(formula, numbers.Real) and not isinstance(formula, bool):
        return Piece(literal(formula))
    if not isinstance(formula, str):
        raise TypeError(
            "A smooth construction starts from a formula such as 'tanh(x)', a name such as 'tanh', or an activation "
            f"made by `keras_acts.define`. Received: {formula!r}"
        )
    text, params = string_form.read(formula)
    if text in known:
        return Piece(known[text].text, {**known[text].params, **params})
    if text in _UNARY:
        return Piece(f"{text}({VARIABLE})", params)
    if text.isidentifier() and text != VARIABLE and text not in params:
        if resolve.find(text) is not None:
            raise ValueError(
                f"'{text}' is an activation without a formula in plain text, such as 'x*tanh(log(1 + exp(x)))'. Write "
                f"that formula in its place. Received: {formula!r}"
            )
        raise ValueError(f"{unknown('step or function', text, dict.fromkeys([*known, *_UNARY]))} Received: {formula!r}")
    parse(text)
    return Piece(text, params)


def made(text: str, name: str | None, *parts: Piece) -> FormulaActivation:
    """The activation with this formula and the parameters of all its parts."""
    params: dict[str, float] = {}
    for part in parts:
        for key, value in part.params.items():
            if params.setdefault(key, value) != value:
                raise ValueError(
                    f"Two parts of the formula have a parameter '{key}' with different values; rename it in one of "
                    f"them. Received: {key}={params[key]!r} and {key}={value!r}"
                )
    activation = define(text, name, params)
    assert isinstance(activation, FormulaActivation)
    return activation


def literal(value: float) -> str:
    """A number as it is written in a formula."""
    return repr(float(value)).removesuffix(".0")
