"""Power series of an expression at x = 0, for sums that vanish there although their terms do not: x - tanh(x) is
x^3 / 3 near 0, and the difference of two numbers like x has lost all digits of it.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts.authoring.algebra import call, number, scale
from keras_acts.authoring.derivative import SLOPES
from keras_acts.authoring.expression import Call, Expression, Number, Product, Sum, Variable

_ORDERS = 48
_NOISE = 1e-14  # coefficients so much smaller than what they are the sum of are 0 but for rounding
_RADII = (1.0, 0.75, 0.5, 0.35, 0.25)  # nearer to 0 the direct sum has lost too many digits
_NEGLIGIBLE = 1e-17

Series = np.ndarray


class NoSeriesError(ArithmeticError):
    """The expression has no power series at 0, or none that is known here."""


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
    try:
        found = coefficients(total)
        terms = [abs(factor * coefficients(term)) for term, factor in total.terms]
    except NoSeriesError:
        return None
    orders = np.flatnonzero(found)
    if not len(orders) or not orders[0]:
        return None
    lowest = int(orders[0])
    if not (total.constant or any(term[:lowest].any() for term in terms)):
        return None  # nothing cancels
    step = 2 if not found[lowest + 1 :: 2].any() else 1
    return _polynomial(found, lowest, step)


@functools.lru_cache(maxsize=1024)
def slope_at_zero(expression: Expression) -> float | None:
    """f'(0) where f(0) = 0 and a factor below 1 inside of f could make 0 of a tiny x, which f itself does not."""
    if not _shrinks(expression):
        return None
    try:
        start, slope, *others = coefficients(expression)
    except NoSeriesError:
        return None
    is_straight = max(map(abs, others)) < 1e15 * abs(slope)  # |x| < 1e-30 is meant
    return None if start or not slope or not is_straight else float(slope)


def _shrinks(expression: Expression) -> bool:
    match expression:
        case Sum(terms=terms) if any(abs(factor) < 1.0 for _, factor in terms):
            return True
        case Product(coefficient=coefficient) if abs(coefficient) < 1.0:
            return True
    return any(map(_shrinks, expression.children))


def _polynomial(found: Series, lowest: int, step: int) -> Polynomial | None:
    orders = np.arange(_ORDERS)
    for radius in _RADII:
        sizes = abs(found) * radius ** (orders - lowest) / abs(found[lowest])
        if sizes.sum() < 3.0 and sizes[-12:].max() < _NEGLIGIBLE:
            last = int(np.flatnonzero(sizes >= _NEGLIGIBLE)[-1])
            return Polynomial(lowest, step, tuple(map(float, found[lowest : last + 1 : step])), radius)
    return None


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
            return _constant(value)
        case Variable(name="x"):
            return np.eye(1, _ORDERS, 1)[0]
        case Sum(constant=constant, terms=terms):
            parts = [_constant(constant), *(factor * coefficients(term) for term, factor in terms)]
            found = np.sum(parts, axis=0)
            return np.where(abs(found) <= _NOISE * np.sum(np.abs(parts), axis=0), 0.0, found)
        case Product(coefficient=coefficient, factors=factors):
            powers = [_to_power(coefficients(base), exponent) for base, exponent in factors]
            return coefficient * functools.reduce(_times, powers)
        case Call(name="where", arguments=(Call() as condition, a, b)):
            left, right = (coefficients(side)[0] for side in condition.arguments)
            return coefficients(a if _differ(left, right) < 0.0 else b)
        case Call(name=("maximum" | "minimum") as name, arguments=(a, b)):
            is_less = _differ(coefficients(a)[0], coefficients(b)[0]) < 0.0
            return coefficients(b if is_less == (name == "maximum") else a)
        case Call(name=name, arguments=(u,)):
            return _function(name, u)
    raise NoSeriesError


def _constant(value: float) -> Series:
    return value * np.eye(1, _ORDERS)[0]


def _differ(left: float, right: float) -> float:
    if abs(left - right) < 1e-6:  # the switch may be at 0 itself
        raise NoSeriesError
    return left - right


def _times(a: Series, b: Series) -> Series:
    return np.convolve(a, b)[:_ORDERS]


def _to_power(base: Series, exponent: float) -> Series:
    if exponent > 0.0 and exponent.is_integer():
        return functools.reduce(_times, [base] * int(exponent))
    if base[0] == 0.0 or (base[0] < 0.0 and not exponent.is_integer()):
        raise NoSeriesError
    found = _constant(base[0] ** exponent)
    for n in range(1, _ORDERS):  # from y' base = exponent y base'
        k = np.arange(1, n + 1)
        found[n] = np.dot((k * (exponent + 1.0) - n) * base[1 : n + 1], found[n - 1 :: -1]) / (n * base[0])
    return found


def _function(name: str, u: Expression) -> Series:
    inner = coefficients(u)
    start = number(inner[0])
    if name in ("sin", "cos"):
        turning = _solved(inner, complex(math.cos(start.value), math.sin(start.value)), lambda y: 1j * y)
        return turning.imag if name == "sin" else turning.real
    if name in ("sinh", "cosh"):
        rising, falling = (coefficients(call("exp", scale(sign, u))) for sign in (1.0, -1.0))
        return 0.5 * (rising - falling) if name == "sinh" else 0.5 * (rising + falling)
    if name == "sech":
        return _to_power(coefficients(call("cosh", u)), -1.0)
    if name in ("abs", "relu", "sign", "step"):
        is_above = _differ(inner[0], 0.0) > 0.0
        if name in ("sign", "step"):
            return _constant(1.0 if is_above else -1.0 if name == "sign" else 0.0)
        return inner if is_above else -inner if name == "abs" else _constant(0.0)
    value = call(name, start)
    if not isinstance(value, Number):
        raise NoSeriesError
    if name in _BY_ITSELF:
        return _solved(inner, value.value, _BY_ITSELF[name]).real
    if name in _BY_ARGUMENT:
        return _integral(value.value, _times(coefficients(SLOPES[name](u)), _slope(inner)))
    raise NoSeriesError


# y' / u' for y = f(u), as a function of y.
_BY_ITSELF: dict[str, Callable[[Series], Series]] = {
    "exp": lambda y: y,
    "expm1": lambda y: y + _constant(1.0),
    "tanh": lambda y: _constant(1.0) - _times(y, y),
    "sigmoid": lambda y: y - _times(y, y),
}


_BY_ARGUMENT = frozenset({"log", "log1p", "softplus", "log_cosh", "arctan", "asinh", "erf", "normal_cdf"})


def _slope(inner: Series) -> Series:
    """The derivative, with a zero at the end."""
    return np.append(inner[1:] * np.arange(1, _ORDERS), 0.0)


def _integral(start: float, slope: Series) -> Series:
    return np.append(start, slope[:-1] / np.arange(1, _ORDERS))


def _solved(inner: Series, start: complex, slope: Callable[[Series], Series]) -> Series:
    """y with y(0) = start and y' = slope(y) inner'."""
    found = _constant(1.0).astype(complex) * start
    rises = _slope(inner)
    for n in range(1, _ORDERS):
        found[n] = np.dot(slope(found)[n - 1 :: -1], rises[:n]) / n
    return found
