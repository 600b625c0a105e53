"""Polynomials near x = 0, for what loses its digits there, or has none at 0 itself.

Sums that vanish there although their terms do not: x - tanh(x) is x^3 / 3 near 0, and the difference of two numbers
like x has lost all digits of it. And quotients of what vanishes there: (exp(x) - 1) / x, and its derivatives, of which
no form in functions keeps its digits.
"""

import functools
import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_acts.authoring.formula.derivation import derivative
from keras_acts.authoring.formula.expression import Expression, Number, Product, Sum, Variable, is_call
from keras_acts.authoring.formula.power_series import NOISE, OF_X, Powers, coefficients, known, sides, switches
from keras_acts.authoring.formula.truncated import Laurent, Series
from keras_acts.core import operations as ops

_RADII_OF_SUMS = (1.0, 0.75, 0.5, 0.35, 0.25)  # nearer to 0 the direct sum has lost too many digits
_FIRST_RADIUS = 0.0625  # of a quotient: powers of it do not vanish
_DISTANCES, _LARGEST_T = np.longdouble(2.0) ** np.arange(-30.0, 10.0, 0.125), 0.8
_ONLY_ZERO = 1e-37  # a radius, where the function is too steep for any of those
_NEGLIGIBLE = 1e-17
_MODERATE = 1e25  # coefficients, in float32
_KEEPS = 3.0  # what is no more than so many times larger than the sum of it keeps the digits of that
_COMPENSATED = 64.0  # the same where the rounding of each step is carried along
_FARTHER = 1.25  # so much, if a square root and a division more are to be worth it


@dataclass(frozen=True)
class Polynomial:
    """t^lowest (c0 + c1 t^step + c2 t^(2 step) + ...), as good as the expression for |x| < radius.

    unit t is x, or with a scale that number for which x = 2 scale u / (1 - u^2). The first coefficients, `compensated`
    of them, cancel each other: what is rounded there is added up apart.
    """

    lowest: int
    step: int
    coefficients: tuple[np.longdouble, ...]
    radius: float
    unit: float = 1.0
    scale: float = 0.0
    largest_t: float = 0.0
    compensated: int = 0

    def __call__(self, x: Any) -> Any:
        """The value for a tensor."""
        t = x
        if self.scale:
            t = t / self.scale
            t = t / (1.0 + ops.sqrt(1.0 + t * t))
        if self.unit != 1.0:
            t = t / self.unit
        power = t if self.step == 1 else t * t
        *others, last = map(float, self.coefficients)
        total: Any = last
        for coefficient in reversed(others[self.compensated :]):
            total = coefficient + power * total
        if self.compensated:
            total = self._compensated(power, total)
        for _ in range(self.lowest):
            total = total * t
        return total

    def _compensated(self, power: Any, total: Any) -> Any:
        """The rest of Horner's rule. Exact: products of numbers cut to half their bits, and what a sum loses."""
        dtype = np.dtype(keras.backend.standardize_dtype(power.dtype))

        def upper_half(number: Any, bound: float) -> Any:
            unit = 2.0 ** (math.ceil(math.log2(bound)) - (np.finfo(dtype).nmant + 1) // 2)
            return ops.round(number / unit) * unit

        largest = self.largest_t**self.step
        sizes = np.abs(np.array(self.coefficients, np.float64))
        high = upper_half(power, largest)
        low, lost = power - high, 0.0
        for k in reversed(range(self.compensated)):
            above = upper_half(total, 2.0 * float(np.polyval(sizes[:k:-1], largest)))
            coefficient = dtype.type(self.coefficients[k])
            rest, coefficient = float(self.coefficients[k] - coefficient), float(coefficient)
            product = high * above
            found = coefficient + product
            behind = found - coefficient
            rounded = (coefficient - (found - behind)) + (product - behind)
            lost = power * lost + (high * (total - above) + low * total) + (rounded + rest)
            total = found
        return total + lost


@functools.lru_cache(maxsize=1024)
def where_it_vanishes(total: Sum) -> Polynomial | None:
    """The sum near 0, if it vanishes there to a higher order than its terms do; else None."""
    found = known(total)
    if found is None or found.lowest <= 0 or not found.series.any():
        return None
    lowest = min([0.0] if total.constant else [coefficients(term).lowest for term, _ in total.terms])
    if not 0 <= lowest < found.lowest:
        return None  # nothing cancels, or it is a part of a quotient
    for radius in _RADII_OF_SUMS:
        within = radius * np.linspace(0.0, 1.0, 33)[1:]
        if _is_known(total, found, within[-1:], OF_X).all() and _condition(found, within, OF_X).max() <= _KEEPS:
            return _polynomial(found, radius, OF_X)
    return None


@functools.lru_cache(maxsize=1024)
def quotient_near_zero(quotient: Expression, order: int) -> tuple[Polynomial, ...]:
    """A derivative of a quotient that has a limit at 0: one polynomial, those left and right of 0, or none at all.

    What is written needs none where it has its value at 0 and loses no digits.
    """
    direct = functools.reduce(lambda inner, _: derivative(inner), range(order), quotient)
    best = []
    for side in sides(quotient):
        plain = _as_far_as_needed(quotient, direct, order, side)
        scaled = _as_far_as_needed(quotient, direct, order, _imaginary(quotient, side))
        best.append(scaled if scaled.radius > _FARTHER * plain.radius else plain)
    if not any(one.is_needed for one in best) and _is_regular(direct):
        return ()
    radius = min(one.radius for one in best)
    return tuple(one.polynomial(radius) for one in best)


@dataclass(frozen=True)
class _Expansion:
    """A series, and how far from 0 it is used."""

    series: Laurent
    powers: Powers
    t: float
    is_needed: bool  # at all, for what is written loses digits

    @property
    def radius(self) -> float:
        """The distance from 0."""
        return float(self.powers.distance(self.t))

    def polynomial(self, radius: float) -> Polynomial:
        return _polynomial(self.series, radius, self.powers)


def _as_far_as_needed(quotient: Expression, direct: Expression, order: int, powers: Powers) -> _Expansion:
    """The series of a derivative, up to where what is written keeps its digits, if the series is right so far."""
    series = functools.reduce(lambda inner, _: powers.derivative(inner), range(order), coefficients(quotient, powers))
    t = _DISTANCES[_DISTANCES < _LARGEST_T] if powers.scale else _DISTANCES
    own, lost = _condition(series, t, powers), _lost(direct, series, t, powers)
    is_better = _is_known(quotient, series, t, powers) & np.all(own <= np.maximum(_COMPENSATED, lost), axis=0)
    far = int(np.argmin(is_better)) if not is_better.all() else len(t)  # the first that is not
    needed = np.flatnonzero(~np.all(lost[:, :far] < _KEEPS, axis=0))
    chosen = max(int(np.argmax(powers.distance(t) >= _FIRST_RADIUS)), int(needed[-1]) + 1 if len(needed) else 0)
    chosen_t = float(t[min(chosen, far - 1)]) if far else _ONLY_ZERO
    return _Expansion(series, powers, chosen_t, is_needed=len(needed) > 0)


def _is_regular(direct: Expression) -> bool:
    """Whether nothing in it is divided by 0 at 0."""
    if isinstance(direct, Product):
        lowest = ((known(base), exponent) for base, exponent in direct.factors)
        if any(found is None or found.lowest * exponent < 0.0 for found, exponent in lowest):
            return False
    return is_call(direct, "quotient") or all(map(_is_regular, direct.children))


def _imaginary(quotient: Expression, side: Powers) -> Powers:
    """Powers of t, by the distance of the nearest singularity, which the growth of the coefficients tells."""
    found = abs(coefficients(quotient, side).series)
    lag = min(len(found) // 6 * 2, 16)  # even: every other one may be 0
    near, far = found[-2 * lag : -lag], found[-lag:]
    pairs = (near > 0.0) & (far > 0.0)
    distances = (near[pairs] / far[pairs]) ** (1.0 / lag)
    return side._replace(scale=0.95 * float(distances.min()) if len(distances) else 1.0)


@functools.lru_cache(maxsize=1024)
def derivative_at_zero(expression: Expression) -> float | None:
    """f'(0) where f(0) = 0 and a factor below 1 inside of f could make 0 of a tiny x, which f itself does not."""
    found = known(expression) if _shrinks(expression) else None
    if found is None or found.lowest < 0:
        return None
    start, first, *others = found.plain()
    is_straight = max(map(abs, others)) < 1e15 * abs(first)  # |x| < 1e-30 is meant
    return None if start or not first or not is_straight else float(first)


@functools.lru_cache(maxsize=1024)
def is_one_at_zero(expression: Expression) -> bool:
    """Whether f(0) = 1, up to rounding."""
    found = known(expression)
    return found is not None and found.lowest == 0 and abs(found.at_zero - 1.0) < NOISE


def _shrinks(expression: Expression) -> bool:
    match expression:
        case Sum(terms=terms) if any(abs(factor) < 1.0 for _, factor in terms):
            return True
        case Product(coefficient=coefficient) if abs(coefficient) < 1.0:
            return True
    return any(map(_shrinks, expression.children))


# ---- how far a polynomial is right


@np.errstate(all="ignore")  # here and below: what overflows is no number, and fits nowhere
def _polynomial(found: Laurent, radius: float, powers: Powers) -> Polynomial:
    """The series without what is negligible within the radius."""
    t: float = (
        radius if not powers.scale else radius / powers.scale / (1.0 + np.sqrt(1.0 + (radius / powers.scale) ** 2))
    )
    kept = np.flatnonzero(_sizes(found.series, np.array([t]))[0] >= _NEGLIGIBLE * abs(found.series[0]))
    series = found.series[: int(kept[-1]) + 1 if found.series[0] else 1]
    sizes = abs(series[series != 0.0])
    is_moderate = not len(sizes) or (sizes.max() < _MODERATE and sizes.min() > 1.0 / _MODERATE)
    unit = 1.0 if is_moderate else float(2.0 ** np.floor(np.log2(t)))
    within = t * np.linspace(0.0, 1.0, 33)[1:]
    terms = _sizes(series, within) / _worth(found, within, powers).min(axis=0)[:, None]
    left = np.cumsum(terms[:, ::-1], axis=1)[:, ::-1].max(axis=0)  # in this term and those after it
    step = 1 if series[1::2].any() else 2
    compensated = int(np.sum(left[::step] > 1.0)) if left[0] > _KEEPS else 0
    series = series * np.longdouble(unit) ** (np.arange(len(series)) + found.lowest)
    return Polynomial(found.lowest, step, tuple(series[::step]), radius, unit, powers.scale, t / unit, compensated)


@np.errstate(all="ignore")
def _is_known(expression: Expression, found: Laurent, t: np.ndarray, powers: Powers) -> np.ndarray:
    """Whether the known coefficients are enough at these distances from 0, with no switch on the way."""
    tail = _sizes(found.series, t)[:, -6:]
    worth = _worth(found, t, powers).min(axis=0)
    is_known = np.isfinite(worth) & (tail.sum(axis=1) <= _NEGLIGIBLE * worth)
    for switch in set(switches(expression)):
        decides = known(switch, powers)
        if decides is not None:  # else it is in a branch that is not taken near 0
            sizes = _sizes(decides.series, t)
            is_known &= sizes[:, 0] > sizes[:, 1:].sum(axis=1)
    return is_known


def _sizes(series: Series, t: np.ndarray) -> np.ndarray:
    """Those of all terms, at each t."""
    return abs(series) * np.vander(t, len(series), increasing=True)


@np.errstate(all="ignore")
def _condition(found: Laurent, t: np.ndarray, powers: Powers) -> np.ndarray:
    """How many times larger than the sum the terms of the series are; on each side."""
    return _sizes(found.series, t).sum(axis=1) / _worth(found, t, powers)


@np.errstate(all="ignore")
def _worth(found: Laurent, t: np.ndarray, powers: Powers) -> np.ndarray:
    """|f| + |t df/dt|, by which errors are measured, as a multiple of t^lowest; on each side."""
    orders = found.lowest + np.arange(len(found.series))
    terms = [np.vander(sign * t, len(orders), increasing=True) * found.series for sign in powers.signs]
    return abs(np.sum(terms, axis=-1)) + abs(np.sum(terms * orders, axis=-1))


@np.errstate(all="ignore")
def _lost(direct: Expression, found: Laurent, t: np.ndarray, powers: Powers) -> np.ndarray:
    """How many roundings the error of the expression as it is written may be, at these distances on each side."""
    try:
        errors = [_error(direct, sign * t, powers._replace(side=sign)) for sign in powers.signs]
    except ArithmeticError:  # a part of it has no series
        return np.full((len(powers.signs), len(t)), np.inf)
    return np.array(errors) / (_worth(found, t, powers) * t**found.lowest)


@np.errstate(all="ignore")
def _error(expression: Expression, t: np.ndarray, powers: Powers) -> np.ndarray:
    """What sums lose, as a multiple of the rounding of 1; functions are taken as exact but for one rounding."""
    size = abs(_value(coefficients(expression, powers), t))
    match expression:
        case Variable() | Number():
            return 0.0 * size
        case Product(factors=factors):
            bases = ((base, exponent, abs(_value(coefficients(base, powers), t))) for base, exponent in factors)
            return size * (1.0 + sum(abs(exponent) * _error(base, t, powers) / own for base, exponent, own in bases))
        case Sum(terms=terms):
            lost = size + sum(abs(factor) * _error(term, t, powers) for term, factor in terms)
            near = where_it_vanishes(expression)
            return lost if near is None else np.where(powers.distance(abs(t)) < near.radius, size, lost)
    return size


def _value(found: Laurent, t: np.ndarray) -> np.ndarray:
    return t**found.lowest * np.polyval(found.series[::-1], t)
