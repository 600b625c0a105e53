"""From what was written to what it means: syntax to canonical expression, with the parameters' values put in."""

import math
from collections.abc import Callable, Mapping

from keras_acts.authoring import identities as identities  # its rules apply from here on
from keras_acts.authoring.algebra import (
    ConstantError,
    TooLargeError,
    add,
    at_most,
    call,
    divide,
    multiply,
    number,
    power,
    scale,
    subtract,
)
from keras_acts.authoring.derivative import derivative
from keras_acts.authoring.expression import Expression, Number
from keras_acts.notation import FormulaError, Node

_STEPS = 6000  # sums and products on the way to the second derivative; that of x tanh(log(1 + exp(x))) takes 300


def build(text: str, tree: Node, values: Mapping[str, Expression]) -> Expression:
    """The meaning of a tree.

    Args:
        text: the formula, for error messages.
        tree: its syntax.
        values: what each name stands for: a variable, or the number that a parameter is bound to.

    Raises:
        FormulaError: where a constant part is not a finite number of reasonable size.
    """

    def meaning(node: Node) -> Expression:
        if node.name == "name":
            return values[node.identifier]
        try:
            if node.name == "number":
                return number(node.value)
            first, *others = node.arguments
            chosen = meaning(first)
            if node.name == "where" and isinstance(chosen, Number):  # a parameter decides: the other may not exist
                return meaning(others[0 if chosen.value else 1])
            return _MEANINGS[node.name](chosen, *map(meaning, others))
        except (ConstantError, OverflowError) as error:
            raise FormulaError(
                "The constant part here is not a finite number between 1e-300 and 1e300, or an exponent beyond 100.",
                text,
                node.position,
            ) from error

    try:
        with at_most(_STEPS):
            expression = meaning(tree)
            derivative(derivative(expression))  # what cannot be differentiated twice is refused here, not in training
    except (ConstantError, OverflowError, RecursionError, TooLargeError) as error:
        raise FormulaError("The formula is too large: its second derivative cannot be worked out.", text) from error
    return expression


def _unary(name: str) -> Callable[[Expression], Expression]:
    return lambda u: call(name, u)


def _power(base: Expression, exponent: Expression) -> Expression:
    return power(base, exponent.value) if isinstance(exponent, Number) else call("power", base, exponent)


_MEANINGS: dict[str, Callable[..., Expression]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": _power,
    "negative": lambda u: scale(-1.0, u),
    "<": lambda a, b: call("<", a, b),
    "<=": lambda a, b: call("<=", a, b),
    ">": lambda a, b: call("<", b, a),
    ">=": lambda a, b: call("<=", b, a),
    "where": lambda condition, a, b: call("where", condition, a, b),
    "min": lambda a, b: call("minimum", a, b),
    "max": lambda a, b: call("maximum", a, b),
    "minimum": lambda a, b: call("minimum", a, b),
    "maximum": lambda a, b: call("maximum", a, b),
    "clip": lambda u, low, high: call("minimum", call("maximum", u, low), high),
    "sqrt": lambda u: power(u, 0.5),
    "erfc": lambda u: scale(2.0, call("normal_cdf", scale(-math.sqrt(2.0), u))),
    "gaussian": lambda u: call("exp", scale(-1.0, power(u, 2.0))),
    **{
        name: _unary(name)
        for name in (
            *("exp", "expm1", "log", "log1p", "abs", "sign", "relu", "sin", "cos", "tanh", "sinh", "cosh", "sech"),
            *("arctan", "asinh", "sigmoid", "softplus", "erf", "normal_cdf"),
        )
    },
}
