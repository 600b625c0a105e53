"""Sums, products and powers in canonical form: flat, like terms collected, identities of functions applied."""

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar

from keras_acts.authoring.expression import Call, Expression, Number, Product, Sum, Variable

X = Variable("x")
MAX_EXPONENT = 100.0
_SMALLEST, _LARGEST = 1e-300, 1e300  # constants beyond are refused, long before they overflow

# A rule takes the terms or factors, and gives an equal expression or None. `identities` holds them.
SUM_RULES: list[Callable[[float, dict[Expression, float]], Expression | None]] = []
PRODUCT_RULES: list[Callable[[float, dict[Expression, float]], Expression | None]] = []
CALL_RULES: dict[str, Callable[..., Expression | None]] = {}


class ConstantError(ArithmeticError):
    """A constant part of a formula that is no finite number, or larger or smaller than any formula needs."""


class TooLargeError(ArithmeticError):
    """A sum or product of more terms than any formula needs."""


_MOST_TERMS = 200
_left: ContextVar[list[int] | None] = ContextVar("steps left", default=None)


@contextlib.contextmanager
def at_most(steps: int) -> Iterator[None]:
    """Within this context, no more than so many sums and products are made.

    Raises:
        TooLargeError: where it takes more.
    """
    token = _left.set([steps])
    try:
        yield
    finally:
        _left.reset(token)


def _step() -> None:
    left = _left.get()
    if left is not None:
        left[0] -= 1
        if left[0] < 0:
            raise TooLargeError("steps")


def number(value: float) -> Number:
    """A constant.

    Raises:
        ConstantError: if it is not finite, or beyond 1e300.
    """
    if isinstance(value, complex) or not (value == 0.0 or _SMALLEST < abs(value) < _LARGEST):
        raise ConstantError(value)
    return Number(float(value) + 0.0)  # -0.0 becomes 0.0


ZERO, ONE = Number(0.0), Number(1.0)


def terms_of(expression: Expression) -> tuple[float, list[tuple[Expression, float]]]:
    """The constant and the terms with their coefficients; one term for what is no sum."""
    if isinstance(expression, Number):
        return expression.value, []
    if isinstance(expression, Sum):
        return expression.constant, list(expression.terms)
    if isinstance(expression, Product):
        inner = expression.factors[0]
        if len(expression.factors) == 1 and isinstance(inner[0], Sum) and inner[1] == 1.0:  # 2 (x + 1)
            scale = expression.coefficient
            return scale * inner[0].constant, [(term, scale * factor) for term, factor in inner[0].terms]
        return 0.0, [(_product(1.0, dict(expression.factors)), expression.coefficient)]
    return 0.0, [(expression, 1.0)]


def add(*summands: Expression) -> Expression:
    """The sum."""
    _step()
    constant, collected = 0.0, dict[Expression, float]()
    for summand in summands:
        own_constant, terms = terms_of(summand)
        constant = _plus(constant, own_constant)
        for term, coefficient in terms:
            collected[term] = _plus(collected.get(term, 0.0), coefficient)
    collected = {term: coefficient for term, coefficient in collected.items() if coefficient}
    for rule in SUM_RULES:
        found = rule(constant, collected)
        if found is not None:
            return found
    return plain_sum(constant, collected)


def plain_sum(constant: float, terms: dict[Expression, float]) -> Expression:
    """The sum of collected terms, without rules."""
    if not terms:
        return number(constant)
    if not constant and len(terms) == 1:
        ((term, coefficient),) = terms.items()
        return scale(coefficient, term)
    if len(terms) > _MOST_TERMS:
        raise TooLargeError(len(terms))
    for value in (constant, *terms.values()):
        number(value)
    return Sum(float(constant), tuple(sorted(terms.items(), key=lambda pair: pair[0].digest)))


def _plus(a: float, b: float) -> float:
    total = a + b
    return 0.0 if abs(total) <= 4e-16 * abs(a) else total  # coefficients that cancel but for their own rounding


def scale(coefficient: float, expression: Expression) -> Expression:
    """coefficient * expression, with a sum kept as one factor."""
    return multiply(number(coefficient), expression)


def subtract(a: Expression, b: Expression) -> Expression:
    """a - b."""
    return add(a, scale(-1.0, b))


def factors_of(expression: Expression) -> tuple[float, Iterable[tuple[Expression, float]]]:
    """The coefficient and the factors with their exponents; one factor for what is no product."""
    if isinstance(expression, Number):
        return expression.value, ()
    if isinstance(expression, Product):
        return expression.coefficient, expression.factors
    return 1.0, ((expression, 1.0),)


def multiply(*factors: Expression) -> Expression:
    """The product."""
    _step()
    coefficient, collected = 1.0, dict[Expression, float]()
    for factor in factors:
        own_coefficient, own_factors = factors_of(factor)
        coefficient *= own_coefficient
        for base, exponent in own_factors:
            collected[base] = _plus(collected.get(base, 0.0), exponent)
    if not coefficient:
        return ZERO
    collected = {base: exponent for base, exponent in collected.items() if exponent}
    for rule in PRODUCT_RULES:
        found = rule(coefficient, collected)
        if found is not None:
            return found
    return _product(coefficient, collected)


def _product(coefficient: float, factors: dict[Expression, float]) -> Expression:
    number(coefficient)
    if not factors:
        return number(coefficient)
    if coefficient == 1.0 and len(factors) == 1:
        ((base, exponent),) = factors.items()
        if exponent == 1.0:
            return base
    if coefficient == -1.0 and len(factors) == 1:
        ((base, exponent),) = factors.items()
        if exponent == 1.0 and isinstance(base, Sum):
            return plain_sum(-base.constant, {term: -factor for term, factor in base.terms})
    for exponent in factors.values():
        if abs(exponent) > MAX_EXPONENT:
            raise ConstantError(exponent)
    return Product(float(coefficient), tuple(sorted(factors.items(), key=lambda pair: pair[0].digest)))


def divide(a: Expression, b: Expression) -> Expression:
    """a / b."""
    return multiply(a, power(b, -1.0))


def power(base: Expression, exponent: float) -> Expression:
    """base ** exponent, for a constant exponent."""
    if exponent == 0.0:
        return ONE
    if abs(exponent) > MAX_EXPONENT:
        raise ConstantError(exponent)
    if isinstance(base, Number):
        return _constant_power(base.value, exponent)
    if not isinstance(base, Product):
        return multiply(_raised(base, exponent))
    coefficient, factors = base.coefficient, base.factors
    if exponent.is_integer():
        return multiply(_constant_power(coefficient, exponent), *(_raised(b, own * exponent) for b, own in factors))
    if coefficient < 0.0:
        return _product(1.0, {base: exponent})
    split = [_constant_power(coefficient, exponent)]
    rest = dict[Expression, float]()
    for inner, own in factors:  # a root of what may be negative cannot be split off
        if is_nonnegative(inner):
            split.append(_raised(inner, own * exponent))
        elif own % 2.0 == 0.0:  # sqrt(x^2) = |x|
            split.append(power(call("abs", inner), own * exponent))
        else:
            rest[inner] = own
    if rest:
        split.append(_product(1.0, {_product(1.0, rest): exponent}))
    return multiply(*split)


def _raised(base: Expression, exponent: float) -> Expression:
    """base ** exponent as one factor."""
    return base if exponent == 1.0 else Product(1.0, ((base, exponent),))


def _constant_power(base: float, exponent: float) -> Expression:
    try:
        return number(base**exponent)
    except (OverflowError, ZeroDivisionError) as error:
        raise ConstantError(f"{base:g} ** {exponent:g}") from error


_NONNEGATIVE = frozenset({"exp", "abs", "sigmoid", "softplus", "sech", "cosh", "normal_cdf", "relu", "log_cosh"})


def is_nonnegative(expression: Expression) -> bool:
    """True where no x makes it negative; False where that is not obvious."""
    if isinstance(expression, Number):
        return expression.value >= 0.0
    if isinstance(expression, Call):
        return expression.name in _NONNEGATIVE
    if isinstance(expression, Sum):
        return expression.constant >= 0.0 and all(
            coefficient > 0.0 and is_nonnegative(term) for term, coefficient in expression.terms
        )
    if isinstance(expression, Product):
        return expression.coefficient > 0.0 and all(
            exponent % 2.0 == 0.0 or is_nonnegative(base) for base, exponent in expression.factors
        )
    return False


def call(name: str, *arguments: Expression) -> Expression:
    """A function of expressions."""
    rule = CALL_RULES.get(name)
    found = rule(*arguments) if rule is not None else None
    if found is not None:
        return found
    if all(isinstance(argument, Number) for argument in arguments) and name in _VALUES:
        try:
            return number(_VALUES[name](*(argument.value for argument in arguments if isinstance(argument, Number))))
        except (ValueError, OverflowError) as error:
            raise ConstantError(f"{name} of a constant") from error
    return Call(name, arguments)


def _sigmoid(value: float) -> float:
    return 0.5 + 0.5 * math.tanh(0.5 * value)


# Functions of constants.
_VALUES: dict[str, Callable[..., float]] = {
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "abs": abs,
    "sign": lambda value: math.copysign(1.0, value) if value else 0.0,
    "relu": lambda value: max(value, 0.0),
    "step": lambda value: 1.0 if value > 0.0 else 0.0,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "sech": lambda value: 1.0 / math.cosh(value),
    "log_cosh": lambda value: abs(value) + math.log1p(math.exp(-2.0 * abs(value))) - math.log(2.0),
    "arctan": math.atan,
    "asinh": math.asinh,
    "sigmoid": _sigmoid,
    "softplus": lambda value: max(value, 0.0) + math.log1p(math.exp(-abs(value))),
    "erf": math.erf,
    "normal_cdf": lambda value: 0.5 * math.erfc(-value / math.sqrt(2.0)),
    "minimum": min,
    "maximum": max,
    "power": lambda base, exponent: base**exponent,
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
}
