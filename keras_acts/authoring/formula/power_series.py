"""Power series of an expression at x = 0, for sums that vanish there although their terms do not: x - tanh(x) is
x^3 / 3 near 0, and the difference of two numbers like x has lost all digits of it.
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts.authoring.formula import truncated
from keras_acts.authoring.formula.canonical import call, written
from keras_acts.authoring.formula.collecting import number
from keras_acts.authoring.formula.computations import COMPUTATIONS
from keras_acts.authoring.formula.expression import Call, Expression, Number, Product, Sum, Variable
from keras_acts.authoring.formula.truncated import ORDERS, NoSeriesError, Series

_NOISE = 1e-14  # a coefficient below this share of its summands is rounding noise, taken as 0
_RADII = (1.0, 0.75, 0.5, 0.35, 0.25)  # nearer to 0 the direct sum has lost too many digits
_NEGLIGIBLE = 1e-17


@dataclass(frozen=True)
class Polynomial:
    """x^lowest (c0 + c1 x^step + c2 x^(2 step) + ...), as good as the expression for |x| < radius."""

    lowest: int
    step: int
    coefficients: tuple[float, ...]
    radius: float

    def __call__(self, x: Any) -> Any:
        """The value for a tensor."""
        power = x if self.step == 1 else x * x
        total: Any = self.coefficients[-1]
        for coefficient in reversed(self.coefficients[:-1]):
            total = coefficient + power * total
        for _ in range(self.lowest):
            total = total * x
        return total


@functools.lru_cache(maxsize=1024)
def where_it_vanishes(total: Sum) -> Polynomial | None:
    """The sum near 0, if it vanishes there to a higher order than its terms do; else None."""
    found = _known(total)
    if found is None or found[0] or not found.any():
        return None
    lowest = int(np.flatnonzero(found)[0])
    if not (total.constant or any(coefficients(term)[:lowest].any() for term, _ in total.terms)):
        return None  # nothing cancels
    step = 2 if not found[lowest + 1 :: 2].any() else 1
    for radius in _RADII:
        sizes = abs(found) * radius ** (np.arange(ORDERS) - lowest) / abs(found[lowest])
        if sizes.sum() < 3.0 and sizes[-12:].max() < _NEGLIGIBLE:
            last = int(np.flatnonzero(sizes >= _NEGLIGIBLE)[-1])
            return Polynomial(lowest, step, tuple(map(float, found[lowest : last + 1 : step])), radius)
    return None


@functools.lru_cache(maxsize=1024)
def derivative_at_zero(expression: Expression) -> float | None:
    """f'(0) where f(0) = 0 and a factor below 1 inside of f could make 0 of a tiny x, which f itself does not."""
    found = _known(expression) if _shrinks(expression) else None
    if found is None:
        return None
    start, first, *others = found
    is_straight = max(map(abs, others)) < 1e15 * abs(first)  # |x| < 1e-30 is meant
    return None if start or not first or not is_straight else float(first)


@functools.lru_cache(maxsize=1024)
def is_one_at_zero(expression: Expression) -> bool:
    """Whether f(0) = 1, up to rounding."""
    found = _known(expression)
    return found is not None and abs(found[0] - 1.0) < _NOISE


def _known(expression: Expression) -> Series | None:
    """The coefficients, None where there is no series, or a constant part that is no number."""
    try:
        return coefficients(expression)
    except ArithmeticError:
        return None


def _shrinks(expression: Expression) -> bool:
    match expression:
        case Sum(terms=terms) if any(abs(factor) < 1.0 for _, factor in terms):
            return True
        case Product(coefficient=coefficient) if abs(coefficient) < 1.0:
            return True
    return any(map(_shrinks, expression.children))


@functools.lru_cache(maxsize=4096)
def coefficients(expression: Expression) -> Series:
    """The first coefficients of the power series in x.

    Raises:
        NoSeriesError: where there is none, as for |x|, or where the expression has other variables.
    """
    found = _compute(expression)
    if not np.all(np.isfinite(found)):
        raise NoSeriesError
    found.setflags(write=False)
    return found


def _compute(expression: Expression) -> Series:
    match expression:
        case Number(value=value):
            return truncated.constant(value)
        case Variable(name="x"):
            return np.eye(1, ORDERS, 1)[0]
        case Sum(constant=constant, terms=terms):
            parts = [truncated.constant(constant), *(factor * coefficients(term) for term, factor in terms)]
            found = np.sum(parts, axis=0)
            return np.where(abs(found) <= _NOISE * np.sum(np.abs(parts), axis=0), 0.0, found)
        case Product(coefficient=coefficient, factors=factors):
            powers = [truncated.to_power(coefficients(base), exponent) for base, exponent in factors]
            return coefficient * functools.reduce(truncated.times, powers)
        case Call(name="where", arguments=(Call() as condition, a, b)):
            left, right = (coefficients(side)[0] for side in condition.arguments)
            return coefficients(b if truncated.is_above(left, right) else a)
        case Call(name=("maximum" | "minimum") as name, arguments=(a, b)):
            is_above = truncated.is_above(coefficients(a)[0], coefficients(b)[0])
            return coefficients(a if is_above == (name == "maximum") else b)
        case Call(name=name, arguments=(u,)):
            inner = coefficients(u)
            computation, start = COMPUTATIONS[name], call(name, number(inner[0]))
            if not isinstance(start, Number):
                raise NoSeriesError
            if computation.series is not None:
                return computation.series(inner, start.value)
            rate = coefficients(written(computation.derivative, u=u))
            return truncated.integrated(truncated.times(rate, truncated.derived(inner)), start.value)
    raise NoSeriesError
