"""Coefficients of the power series of an expression at x = 0, which may begin with negative powers."""

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from keras_acts.authoring.formula import truncated
from keras_acts.authoring.formula.canonical import X, apply, call, written
from keras_acts.authoring.formula.collecting import number
from keras_acts.authoring.formula.computations import COMPUTATIONS
from keras_acts.authoring.formula.expression import Call, Expression, Number, Product, Sum, Variable
from keras_acts.authoring.formula.truncated import Laurent, NoSeriesError, Series, Switch

NOISE = 1e-14  # a coefficient below this share of its summands is rounding noise, taken as 0
_FEWEST = 16  # coefficients, where the others overflow


class Powers(NamedTuple):
    """What a series has powers of: x, or t where x = 2 scale t / (1 - t^2).

    In t all of the real axis lies within the unit circle, and outside of it what lies beyond +-i scale on the imaginary
    axis, where tanh, arctan, log(1 + x^2), ... have their singularities.

    Args:
        side: -1 for the series of x < 0, 1 for that of x > 0, and 0 where they are the same.
        scale: 0 for powers of x.
    """

    side: int = 0
    scale: float = 0.0

    @property
    def signs(self) -> tuple[int, ...]:
        """Those of x."""
        return (self.side,) if self.side else (-1, 1)

    @property
    def x(self) -> Series:
        """The series of x."""
        orders = np.arange(truncated.ORDERS)
        return truncated.constant(0.0) + (2.0 * self.scale * (orders % 2) if self.scale else orders == 1)

    def distance(self, t: Any) -> Any:
        """|x| at a t above 0."""
        return 2.0 * self.scale * t / (1.0 - t * t) if self.scale else t

    def derivative(self, series: Laurent) -> Laurent:
        """That of a series by x."""
        found = truncated.differentiated(series)
        if not self.scale:
            return found
        rate = truncated.to_power(truncated.derived(self.x), -1.0)
        return truncated.product(found, truncated.of(rate), NOISE)


OF_X = Powers()


def known(expression: Expression, powers: Powers = OF_X) -> Laurent | None:
    """The coefficients, None where there is no series, or a constant part that is no number."""
    try:
        return coefficients(expression, powers)
    except ArithmeticError:
        return None


def sides(expression: Expression) -> tuple[Powers, ...]:
    """One series for both sides of 0, or where there is none, the left and the right one."""
    return (OF_X,) if known(expression) is not None else (Powers(-1), Powers(1))


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


@functools.lru_cache(maxsize=4096)
@np.errstate(all="ignore")
def coefficients(expression: Expression, powers: Powers = OF_X) -> Laurent:
    """The first coefficients of the series in x, which may begin with negative powers.

    Args:
        expression: of x alone.
        powers: what the series has powers of.

    Raises:
        NoSeriesError: where there is none, as for log(x), or where the expression has other variables.
    """
    found = _compute(expression, powers)
    infinite = np.flatnonzero(~np.isfinite(found.series))
    if len(infinite):
        found = Laurent(found.lowest, found.series[: infinite[0]])
        if len(found.series) < _FEWEST:
            raise NoSeriesError
    found.series.setflags(write=False)
    return found


def _compute(expression: Expression, powers: Powers) -> Laurent:
    match expression:
        case Number(value=value):
            return truncated.of(truncated.constant(value))
        case Variable(name="x"):
            return truncated.of(powers.x)
        case Sum(constant=constant, terms=terms):
            known = ((coefficients(term, powers), factor) for term, factor in terms)
            parts = [Laurent(series.lowest, factor * series.series) for series, factor in known]
            if constant:
                parts.append(truncated.of(truncated.constant(constant)))
            return truncated.total(parts, NOISE)
        case Product(coefficient=coefficient, factors=factors):
            each = [truncated.power(coefficients(base, powers), exponent, powers.side) for base, exponent in factors]
            found = functools.reduce(lambda a, b: truncated.product(a, b, NOISE), each)
            return Laurent(found.lowest, coefficient * found.series)
        case Call(name="where", arguments=(Call() as condition, a, b)):
            return coefficients(b if _is_above(apply("-", *condition.arguments), powers) else a, powers)
        case Call(name=("maximum" | "minimum") as name, arguments=(a, b)):
            return coefficients(a if _is_above(apply("-", a, b), powers) == (name == "maximum") else b, powers)
        case Call(name="quotient", arguments=(quotient, Number(value=order), u)):
            return _composed(quotient, int(order), u, powers)
        case Call(name=name, arguments=(u,)):
            computation = COMPUTATIONS[name]
            if isinstance(computation.series, Switch):
                return computation.series.series(coefficients(u, powers), _is_above(u, powers))
            return truncated.of(_of_function(name, coefficients(u, powers).plain(), u, powers))
    raise NoSeriesError


def _of_function(name: str, inner: Series, u: Expression, powers: Powers) -> Series:
    """That of a smooth function of u, whose series is `inner`."""
    computation, start = COMPUTATIONS[name], call(name, number(inner[0]))
    if not isinstance(start, Number):
        raise NoSeriesError
    if computation.series is not None:
        assert not isinstance(computation.series, Switch)
        return computation.series(inner, start.value)
    rate = coefficients(written(computation.derivative, u=u), powers).plain()
    return truncated.integrated(truncated.times(rate, truncated.derived(inner)), start.value)


def _composed(quotient: Expression, order: int, u: Expression, powers: Powers) -> Laurent:
    """A derivative of a quotient of x, at x = u."""
    own = powers if u == X else OF_X
    outer = coefficients(quotient, own)
    for _ in range(order):
        outer = own.derivative(outer)
    if u == X:
        return outer
    inner = coefficients(u, powers).plain()
    if inner[0]:
        raise NoSeriesError
    found: Series = truncated.constant(0.0, len(inner))
    for coefficient in reversed(outer.plain()):
        found = truncated.plus(truncated.times(found, inner), coefficient)
    return truncated.of(found)


def _is_above(u: Expression, powers: Powers) -> bool:
    """Whether u > 0 near 0, on this side.

    Raises:
        NoSeriesError: if that is not known: the switch may be at 0 itself.
    """
    found = coefficients(u, powers)
    first = found.series[0]
    if found.lowest == 0 and abs(first) > 1e-6:
        return bool(first > 0.0)
    if found.lowest == 0 or not powers.side or not first:
        raise NoSeriesError
    return bool(first * powers.side**found.lowest > 0.0)
