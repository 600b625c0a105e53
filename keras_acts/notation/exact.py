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

# Limits: how near f is looked at, with how many bits, and how much it may still change there.
_NEAR_BITS, _BITS_NEAR_A_LIMIT, _SETTLED_BITS = 600, 6000, 100


def reference(text: str) -> Callable[..., Any]:
    """The formula for mpmath numbers, straight from the text: nothing is simplified.

    Args:
        text: the formula. Its numbers mean the nearest float64; pi and e are exact.

    Returns:
        `f(x, **params)` at the precision that mpmath is set to, NaN where the result is not real. Where it is written
        as 0 / 0 or 0 * inf it is the limit, or NaN where there is none. Parameters that the formula does not use are
        ignored.

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

        def at(x: Any) -> Any:
            try:
                found = value(tree, {**values, VARIABLE: x})
            except ZeroDivisionError:
                return None
            return mp.nan if isinstance(found, mp.mpc) else None if mp.isnan(found) else mp.mpf(found)

        x = mp.mpf(x)
        # Of 1 - cos(x) only the digits of x^2 and x^4 are left.
        with mp.extraprec(3 * max(0, -mp.mag(x)) if x else 0):
            found = at(x)
        return _limit(mp, at, x) if found is None else +found

    return function


def _limit(mp: Any, at: Callable[[Any], Any], x: Any) -> Any:
    """What f tends to at x, from both sides or from the only one where it is defined; NaN if to nothing finite."""
    with mp.workprec(_BITS_NEAR_A_LIMIT):
        step = max(abs(x), mp.one) * mp.ldexp(1, -_NEAR_BITS)
        sides = [[at(x + sign * step * distance) for distance in (1, 2)] for sign in (-1, 1)]
        found = []
        for near, far in sides:
            if near is None or far is None or mp.isnan(near):
                continue  # not defined on this side
            gap = mp.ldexp(max(mp.one, abs(near)), -_SETTLED_BITS)
            if not abs(near - far) <= gap:
                return mp.nan
            found.append(mp.zero if abs(near) < gap and abs(near) < abs(far) else near)
        settled = found and abs(found[0] - found[-1]) <= mp.ldexp(max(mp.one, abs(found[0])), -_SETTLED_BITS)
    return +found[0] if settled else mp.nan
