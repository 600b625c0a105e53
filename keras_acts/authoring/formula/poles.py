"""Where a formula has no finite value because of a division by 0 or the logarithm of 0, in plain Python numbers."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from keras_acts.authoring.formula import power_series
from keras_acts.authoring.formula.algebra import VALUES
from keras_acts.authoring.formula.canonical import X, add
from keras_acts.authoring.formula.collecting import ONE, is_nonnegative, terms_of
from keras_acts.authoring.formula.expression import Call, Expression, Number, Product, Sum, Variable


def simple_zeros(divisor: Expression) -> list[float]:
    """The zero of x, or of a straight line."""
    match terms_of(divisor):
        case constant, [(Variable(name="x"), slope)]:
            return [-constant / slope + 0.0]
    return []


def poles(
    expression: Expression, weights: Mapping[str, float], zeros: Callable[[Expression], Iterable[float]] = simple_zeros
) -> dict[float, float]:
    """The value at 0 and at the zeros of all divisors, where it is NaN, infinite, or beyond all that is around it.

    Args:
        expression: the formula.
        weights: the values of its variables other than x.
        zeros: finds those of a divisor.
    """
    divisors = {divisor for divisor in _divisors(expression) if divisor.variables == {"x"}}
    candidates = {0.0, *(zero for divisor in divisors for zero in zeros(divisor))}

    def at(x: float) -> float:
        return value(expression, {**weights, "x": x})

    def is_pole(x: float) -> bool:
        if not x:
            return not math.isfinite(at(x))
        gap = 1e-3 * max(1.0, abs(x))  # a zero such as pi is not met exactly
        around = [size for size in (abs(at(x - gap)), abs(at(x + gap))) if math.isfinite(size)]
        return not abs(at(x)) <= 1e6 * max([1.0, *around])

    return {x: at(x) for x in sorted(candidates) if is_pole(x)}


def _divisors(expression: Expression) -> Iterator[Expression]:
    match expression:
        case Product(factors=factors):
            yield from (base for base, exponent in factors if exponent < 0.0 and not is_nonnegative(base, True))
        case Call(name="log", arguments=(u,)):
            yield u
        case Call(name="log1p", arguments=(u,)):
            yield add(u, ONE)
        case Call(name="quotient", arguments=(_, _, u)) if u != X:  # whose divisors are no expressions of this x
            yield from _divisors(u)
            return
    for child in expression.children:
        yield from _divisors(child)


@np.errstate(all="ignore")
def value(expression: Expression, values: Mapping[str, float]) -> float:
    """The value for numbers; NaN and infinite as that of tensors."""
    match expression:
        case Number(value=constant):
            return constant
        case Variable(name=name):
            return values[name]
        case Sum(constant=constant, terms=terms):
            return constant + sum(factor * value(term, values) for term, factor in terms)
        case Product(coefficient=coefficient, factors=factors):
            return float(math.prod((np.float64(value(base, values)) ** n for base, n in factors), start=coefficient))
        case Call(name="where", arguments=(condition, a, b)):
            return value(a if value(condition, values) else b, values)
        case Call(name="quotient", arguments=(quotient, _, u)):
            at = value(u, values)
            return value(quotient, {"x": at}) if at else power_series.limit(quotient)
        case Call(name=name, arguments=arguments):
            inner = [value(argument, values) for argument in arguments]
            if name in ("log", "log1p") and inner[0] == (0.0 if name == "log" else -1.0):
                return -math.inf
            try:
                found = VALUES[name](*inner)
            except OverflowError:
                return math.inf
            except (ValueError, ZeroDivisionError):
                return math.nan
            return math.nan if isinstance(found, complex) else found
    raise AssertionError(f"no value of {expression!r}")
