"""Sums and products as collected terms and factors, without any identity: the ground that `algebra` stands on."""

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

from keras_acts.authoring.formula.expression import Call, Expression, Number, Pairs, Product, Sum, Terms

ZERO, ONE = Number(0.0), Number(1.0)
MAX_EXPONENT = 100.0
_SMALLEST, _LARGEST = 1e-300, 1e300  # constants beyond are refused, long before they overflow
_MOST_TERMS = 200
_left: ContextVar[Iterator[int] | None] = ContextVar("steps left", default=None)


class ConstantError(ArithmeticError):
    """A constant part of a formula that is no finite number, or larger or smaller than any formula needs."""


class TooLargeError(ArithmeticError):
    """A sum or product of more terms than any formula needs."""


@contextlib.contextmanager
def at_most(steps: int) -> Iterator[None]:
    """Within this context, no more than so many sums and products are made.

    Raises:
        TooLargeError: where it takes more.
    """
    token = _left.set(iter(range(steps)))
    try:
        yield
    finally:
        _left.reset(token)


def count_step() -> None:
    """Count a sum or product against the limit of `at_most`."""
    left = _left.get()
    if left is not None and next(left, None) is None:
        raise TooLargeError("steps")


def number(value: float) -> Number:
    """A constant.

    Raises:
        ConstantError: if it is not finite, or beyond 1e300.
    """
    if isinstance(value, complex) or not (value == 0.0 or _SMALLEST < abs(value) < _LARGEST):
        raise ConstantError(value)
    return Number(float(value) + 0.0)  # -0.0 becomes 0.0


def to_power(base: float, exponent: float) -> Number:
    """A constant to a constant power."""
    try:
        return number(base**exponent)
    except (OverflowError, ZeroDivisionError) as error:
        raise ConstantError(f"{base:g} ** {exponent:g}") from error


def plus(a: float, b: float) -> float:
    """a + b, and 0 for coefficients that cancel but for their own rounding."""
    total = a + b
    return 0.0 if abs(total) <= 4e-16 * abs(a) else total


def collected(pairs: Iterable[tuple[Expression, float]]) -> Terms:
    """What belongs to equal expressions added up, without what cancels."""
    found = Terms()
    for expression, value in pairs:
        found[expression] = plus(found.get(expression, 0.0), value)
    return {expression: value for expression, value in found.items() if value}


def terms_of(expression: Expression) -> tuple[float, list[tuple[Expression, float]]]:
    """The constant and the terms with their coefficients; one term for what is no sum."""
    match expression:
        case Number(value=value):
            return value, []
        case Sum():
            return expression.constant, list(expression.terms)
        case Product(coefficient=scale, factors=((Sum() as inner, 1.0),)):  # 2 (x + 1)
            return scale * inner.constant, [(term, scale * factor) for term, factor in inner.terms]
        case Product():
            return 0.0, [(plain_product(1.0, dict(expression.factors)), expression.coefficient)]
    return 0.0, [(expression, 1.0)]


def factors_of(expression: Expression) -> tuple[float, Pairs]:
    """The coefficient and the factors with their exponents; one factor for what is no product."""
    if isinstance(expression, Number):
        return expression.value, ()
    if isinstance(expression, Product):
        return expression.coefficient, expression.factors
    return 1.0, ((expression, 1.0),)


def plain_sum(constant: float, terms: Terms) -> Expression:
    """The sum of collected terms."""
    if not terms:
        return number(constant)
    if not constant and len(terms) == 1:
        ((term, coefficient),) = terms.items()
        own, factors = factors_of(term)
        return plain_product(coefficient * own, dict(factors))
    if len(terms) > _MOST_TERMS:
        raise TooLargeError(len(terms))
    for value in (constant, *terms.values()):
        number(value)
    return Sum(float(constant), _ordered(terms))


def plain_product(coefficient: float, factors: Terms) -> Expression:
    """The product of collected factors."""
    number(coefficient)
    if not factors:
        return number(coefficient)
    if len(factors) == 1 and abs(coefficient) == 1.0:
        ((base, exponent),) = factors.items()
        if exponent == 1.0 and coefficient == 1.0:
            return base
        if exponent == 1.0 and isinstance(base, Sum):
            return plain_sum(-base.constant, {term: -factor for term, factor in base.terms})
    for exponent in factors.values():
        if abs(exponent) > MAX_EXPONENT:
            raise ConstantError(exponent)
    return Product(float(coefficient), _ordered(factors))


def _ordered(pairs: Terms) -> tuple[tuple[Expression, float], ...]:
    return tuple(sorted(pairs.items(), key=lambda pair: pair[0].digest))


_POSITIVE = frozenset({"exp", "sigmoid", "softplus", "sech", "cosh", "normal_cdf"})
_NONNEGATIVE = _POSITIVE | {"abs", "relu", "log_cosh"}


def is_nonnegative(expression: Expression, strictly: bool = False) -> bool:
    """True where no x makes it negative, `strictly`: nor 0; False where that is not obvious."""
    match expression:
        case Number(value=value):
            return value > 0.0 or (value == 0.0 and not strictly)
        case Call(name=name):
            return name in (_POSITIVE if strictly else _NONNEGATIVE)
        case Sum(constant=constant, terms=terms):
            is_above = not strictly or constant > 0.0 or any(is_nonnegative(term, True) for term, _ in terms)
            return is_above and constant >= 0.0 and all(weight > 0.0 and is_nonnegative(term) for term, weight in terms)
        case Product(coefficient=coefficient, factors=factors):
            return coefficient > 0.0 and all(
                is_nonnegative(base, strictly) for base, n in factors if strictly or n % 2.0
            )
    return False
