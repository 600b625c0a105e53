"""Power series of an expression at x = 0, for what loses its digits near 0 or has none at 0 itself.

Sums that vanish there although their terms do not: x - tanh(x) is x^3 / 3 near 0, and the difference of two numbers
like x has lost all digits of it. And quotients of what vanishes there: (exp(x) - 1) / x, and its derivatives, of which
no form in functions keeps its digits.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts.authoring.formula import truncated
from keras_acts.authoring.formula.canonical import X, apply, call, written
from keras_acts.authoring.formula.collecting import number
from keras_acts.authoring.formula.computations import COMPUTATIONS
from keras_acts.authoring.formula.derivation import derivative
from keras_acts.authoring.formula.expression import Call, Expression, Number, Product, Sum, Variable
from keras_acts.authoring.formula.truncated import Laurent, NoSeriesError, Series, Switch

_NOISE = 1e-14  # a coefficient below this share of its summands is rounding noise, taken as 0
_RADII_OF_SUMS = (1.0, 0.75, 0.5, 0.35, 0.25)  # nearer to 0 the direct sum has lost too many digits
_RADII_OF_QUOTIENTS = tuple(2.0 ** (k / 4) for k in range(-120, 41))
_SMALLEST_RADIUS = 0.06  # that is worth a polynomial: powers of it do not vanish
_NEGLIGIBLE = 1e-17
_LEFT_AND_RIGHT = (-1, 1)


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
    if found is None or found.lowest <= 0 or not found.series.any():
        return None
    lowest = min([0.0] if total.constant else [coefficients(term).lowest for term, _ in total.terms])
    if not 0 <= lowest < found.lowest:
        return None  # nothing cancels, or it is a part of a quotient
    radii = [radius for radius in _RADII_OF_SUMS if _fits(total, found, radius, 0)]
    return _polynomial(found, radii[0]) if radii else None


@functools.lru_cache(maxsize=1024)
def quotient_near_zero(quotient: Expression, order: int) -> tuple[Polynomial, ...]:
    """A derivative of a quotient that has a limit at 0: one polynomial, or those left and right of 0."""
    direct = quotient
    for _ in range(order):
        direct = derivative(direct)
    found, radii = [], []
    for side in sides(quotient):
        series = coefficients(quotient, side)
        for _ in range(order):
            series = truncated.differentiated(series)
        fitting = [radius for radius in _RADII_OF_QUOTIENTS if _fits(quotient, series, radius, side)]
        enough = (r for r in fitting if r > _SMALLEST_RADIUS and _lost(direct, series, r, side) < 2.0)
        radii.append(next(enough, fitting[-1] if fitting else _RADII_OF_QUOTIENTS[0]))
        found.append(series)
    return tuple(_polynomial(series, min(radii)) for series in found)


def sides(expression: Expression) -> tuple[int, ...]:
    """(0,) where there is one series for both sides of 0, else (-1, 1) for the left and the right one."""
    try:
        coefficients(expression)
    except ArithmeticError:
        return _LEFT_AND_RIGHT
    return (0,)


def has_limit(expression: Expression) -> bool:
    """Whether it has a series on each side of 0, without negative powers, and one value at 0."""
    try:
        found = [coefficients(expression, side) for side in sides(expression)]
    except ArithmeticError:
        return False
    return all(series.lowest >= 0 for series in found) and len({series.at_zero for series in found}) == 1


def limit(expression: Expression) -> float:
    """The value at 0 of what `has_limit`."""
    return coefficients(expression, sides(expression)[0]).at_zero


@functools.lru_cache(maxsize=1024)
def derivative_at_zero(expression: Expression) -> float | None:
    """f'(0) where f(0) = 0 and a factor below 1 inside of f could make 0 of a tiny x, which f itself does not."""
    found = _known(expression) if _shrinks(expression) else None
    if found is None or found.lowest < 0:
        return None
    start, first, *others = found.plain()
    is_straight = max(map(abs, others)) < 1e15 * abs(first)  # |x| < 1e-30 is meant
    return None if start or not first or not is_straight else float(first)


@functools.lru_cache(maxsize=1024)
def is_one_at_zero(expression: Expression) -> bool:
    """Whether f(0) = 1, up to rounding."""
    found = _known(expression)
    return found is not None and found.lowest == 0 and abs(found.at_zero - 1.0) < _NOISE


def _known(expression: Expression) -> Laurent | None:
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


# ---- how far a polynomial is right


def _polynomial(found: Laurent, radius: float) -> Polynomial:
    """The series without what is negligible within the radius."""
    sizes = abs(found.series) * radius ** np.arange(len(found.series))
    kept = np.flatnonzero(sizes >= _NEGLIGIBLE * sizes.max())
    step = 2 if not found.series[1::2].any() else 1
    last = int(kept[-1]) if len(kept) else 0
    return Polynomial(found.lowest, step, tuple(map(float, found.series[: last + 1 : step])), radius)


@np.errstate(all="ignore")  # what overflows does not fit
def _fits(expression: Expression, found: Laurent, radius: float, side: int) -> bool:
    """Whether what is known of the series of an expression is enough up to this radius, and keeps its digits there."""
    powers = np.arange(len(found.series))
    x = radius * np.linspace(0.0, 1.0, 33)[1:]
    sizes = abs(found.series) * x[:, None] ** powers
    worth = _worth(found, x if side > 0 else -x)
    if not side:
        worth = np.minimum(worth, _worth(found, x))
    is_enough = sizes[-1, -12:].sum() <= _NEGLIGIBLE * worth.min()
    return bool(is_enough and np.all(sizes.sum(axis=1) <= 3.0 * worth)) and all(
        _keeps_its_sign(coefficients(switch, side), radius) for switch in set(switches(expression))
    )


def _worth(found: Laurent, x: np.ndarray) -> np.ndarray:
    """|f| + |x f'|, by which errors are measured, as a multiple of |x|^lowest."""
    orders = np.arange(len(found.series))
    value, rise = (x[:, None] ** orders * found.series * factor for factor in (1.0, orders + found.lowest))
    return np.abs(value.sum(axis=1)) + np.abs(rise.sum(axis=1))


def _keeps_its_sign(found: Laurent, radius: float) -> bool:
    first, *others = abs(found.series) * radius ** np.arange(len(found.series))
    return bool(first > sum(others))


@np.errstate(all="ignore")
def _lost(direct: Expression, found: Laurent, radius: float, side: int) -> float:
    """How many times larger than the whole the terms are that are added up for it, at this distance from 0."""
    match direct:
        case Product(factors=factors):
            inner = ((base, coefficients(base, side)) for base, _ in factors if isinstance(base, Sum))
            return max((_lost(base, series, radius, side) for base, series in inner), default=1.0)
        case Sum(terms=terms):
            x = radius * np.array([side] if side else _LEFT_AND_RIGHT)
            sizes = sum(abs(factor * _value(coefficients(term, side), x)) for term, factor in terms)
            return float(np.max(sizes / (_worth(found, x) * abs(x) ** found.lowest)))
    return 1.0


def _value(found: Laurent, x: np.ndarray) -> np.ndarray:
    return x**found.lowest * np.polyval(found.series[::-1], x)


def switches(expression: Expression) -> Iterator[Expression]:
    """What decides by its sign between two branches."""
    return _switches(expression, set())


def _switches(expression: Expression, seen: set[Expression]) -> Iterator[Expression]:
    if expression in seen:
        return
    seen.add(expression)
    if isinstance(expression, Call):
        if expression.name in ("abs", "sign", "relu", "heaviside"):
            yield expression.arguments[0]
        if expression.name in ("maximum", "minimum", "<", "<="):
            yield apply("-", *expression.arguments)
    for child in expression.children:
        yield from _switches(child, seen)


# ---- coefficients


@functools.lru_cache(maxsize=4096)
@np.errstate(all="ignore")
def coefficients(expression: Expression, side: int = 0) -> Laurent:
    """The first coefficients of the series in x, which may begin with negative powers.

    Args:
        expression: of x alone.
        side: -1 for the series of x < 0, 1 for that of x > 0, and 0 where they are the same.

    Raises:
        NoSeriesError: where there is none, as for log(x), or where the expression has other variables.
    """
    found = _compute(expression, side)
    infinite = np.flatnonzero(~np.isfinite(found.series))
    if len(infinite):
        found = Laurent(found.lowest, found.series[: infinite[0]])
        if len(found.series) < _FEWEST:
            raise NoSeriesError
    found.series.setflags(write=False)
    return found


_FEWEST = 16  # coefficients, where the others overflow


def _compute(expression: Expression, side: int) -> Laurent:
    match expression:
        case Number(value=value):
            return truncated.of(truncated.constant(value))
        case Variable(name="x"):
            return truncated.of(truncated.constant(1.0), 1)
        case Sum(constant=constant, terms=terms):
            known = ((coefficients(term, side), factor) for term, factor in terms)
            parts = [Laurent(series.lowest, factor * series.series) for series, factor in known]
            if constant:
                parts.append(truncated.of(truncated.constant(constant)))
            return truncated.total(parts, _NOISE)
        case Product(coefficient=coefficient, factors=factors):
            powers = [truncated.power(coefficients(base, side), exponent, side) for base, exponent in factors]
            found = functools.reduce(lambda a, b: truncated.product(a, b, _NOISE), powers)
            return Laurent(found.lowest, coefficient * found.series)
        case Call(name="where", arguments=(Call() as condition, a, b)):
            return coefficients(b if _is_above(apply("-", *condition.arguments), side) else a, side)
        case Call(name=("maximum" | "minimum") as name, arguments=(a, b)):
            return coefficients(a if _is_above(apply("-", a, b), side) == (name == "maximum") else b, side)
        case Call(name="quotient", arguments=(quotient, Number(value=order), u)):
            return _composed(quotient, int(order), u, side)
        case Call(name=name, arguments=(u,)):
            computation = COMPUTATIONS[name]
            if isinstance(computation.series, Switch):
                return computation.series.series(coefficients(u, side), _is_above(u, side))
            return truncated.of(_of_function(name, coefficients(u, side).plain(), u, side))
    raise NoSeriesError


def _of_function(name: str, inner: Series, u: Expression, side: int) -> Series:
    """That of a smooth function of u, whose series is `inner`."""
    computation, start = COMPUTATIONS[name], call(name, number(inner[0]))
    if not isinstance(start, Number):
        raise NoSeriesError
    if computation.series is not None:
        assert not isinstance(computation.series, Switch)
        return computation.series(inner, start.value)
    rate = coefficients(written(computation.derivative, u=u), side).plain()
    return truncated.integrated(truncated.times(rate, truncated.derived(inner)), start.value)


def _composed(quotient: Expression, order: int, u: Expression, side: int) -> Laurent:
    """A derivative of a quotient of x, at x = u."""
    if side and u != X:
        raise NoSeriesError  # its own sides are those of u
    outer = coefficients(quotient, side)
    for _ in range(order):
        outer = truncated.differentiated(outer)
    if u == X:
        return outer
    inner = coefficients(u).plain()
    if inner[0]:
        raise NoSeriesError
    found: Series = truncated.constant(0.0, len(inner))
    for coefficient in reversed(outer.plain()):
        found = truncated.plus(truncated.times(found, inner), coefficient)
    return truncated.of(found)


def _is_above(u: Expression, side: int) -> bool:
    """Whether u > 0 near 0, on this side.

    Raises:
        NoSeriesError: if that is not known: the switch may be at 0 itself.
    """
    found = coefficients(u, side)
    first = found.series[0]
    if found.lowest == 0 and abs(first) > 1e-6:
        return bool(first > 0.0)
    if found.lowest == 0 or not side or not first:
        raise NoSeriesError
    return bool(first * side**found.lowest > 0.0)
