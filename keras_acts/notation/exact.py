"""The formula as it was written, in mpmath: the judge of what is made of it. Needs mpmath (the `check` extra)."""

import operator
from collections.abc import Callable
from typing import Any

from keras_acts import _extras
from keras_acts.notation.grammar import VARIABLE, Node, parse
from keras_acts.notation.meanings import FUNCTIONS

_ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow}
_COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_OPERATORS: dict[str, Callable[..., Any]] = {**_ARITHMETIC, "negative": operator.neg, **_COMPARISONS}


def reference(text: str) -> Callable[..., Any]:
    """The formula for mpmath numbers, straight from the text: nothing is simplified.

    Args:
        text: the formula. Its numbers mean the nearest float64; pi and e are exact.

    Returns:
        `f(x, **params)` at the precision that mpmath is set to, NaN where the result is not real. Parameters that the
        formula does not use are ignored.

    Raises:
        FormulaError: if the text is no formula.

    Example:
        >>> reference("x * sigmoid(beta * x)")(2.0, beta=0.0)
        mpf('1.0')
    """
    with _extras.named():
        from mpmath import mp

    tree = parse(text)

    def value(node: Node, values: dict[str, Any]) -> Any:
        if node.name == "number":
            return +getattr(mp, node.identifier) if node.identifier else mp.mpf(node.value)
        if node.name == "name":
            return values[node.identifier]
        if node.name == "where":  # the other branch may not be defined
            condition, then, otherwise = node.arguments
            return value(then if value(condition, values) else otherwise, values)
        arguments = [value(argument, values) for argument in node.arguments]
        if node.name in _OPERATORS:
            return _OPERATORS[node.name](*arguments)
        return FUNCTIONS[node.name].exact(mp, *arguments)

    def function(x: Any, **params: float) -> Any:
        values = {name: mp.mpf(given) for name, given in params.items() if name in tree.names}
        found = value(tree, {**values, VARIABLE: mp.mpf(x)})
        return mp.nan if isinstance(found, mp.mpc) else mp.mpf(found)

    return function
