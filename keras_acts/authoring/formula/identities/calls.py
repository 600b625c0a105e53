"""Identities of functions: log(exp(u)) is u, tanh(-u) is -tanh(u), a switch takes the simplest condition."""

import math
from collections.abc import Mapping

from keras_acts.authoring.formula.algebra import Algebra, CallRule
from keras_acts.authoring.formula.collecting import ZERO, factors_of, is_nonnegative, number, plain_sum, plus, terms_of
from keras_acts.authoring.formula.expression import Call, Expression, Number, Product, Sum

# log(f(v)) where f tends to 1; `plain` is the logarithm itself.
_LOG_NEAR_ONE = {
    "normal_cdf": "where(v < 0, plain, log1p(-normal_cdf(-v)))",
    "tanh": "where(v < 1, plain, log1p(-2*sigmoid(-2*v)))",
    "erf": "where(v < 1, plain, log1p(-2*normal_cdf(-sqrt(2)*v)))",
}

# outer(c inner(u)), by outer, c (None for any) and inner.
_NESTED = {
    ("exp", None, "log"): "u**c",
    ("exp", None, "log1p"): "(1 + u)**c",
    ("exp", None, "softplus"): "(1 + exp(u))**c",
    ("log", 1.0, "exp"): "u",
    ("log", 1.0, "sigmoid"): "-softplus(-u)",
    ("log", 1.0, "cosh"): "log_cosh(u)",
    ("log", 1.0, "sech"): "-log_cosh(u)",
    # Twice a step is 1 where the step is steepest: there as log(1 + tanh) or log(1 + erf).
    ("log", 2.0, "sigmoid"): "where(-1 < u, log1p(tanh(0.5*u)), log(2) + log(sigmoid(u)))",
    ("log", 2.0, "normal_cdf"): "where(-1 < u, log1p(erf(sqrt(0.5)*u)), log(2) + log(normal_cdf(u)))",
    ("log1p", -1.0, "sigmoid"): "-softplus(u)",
    ("log1p", 1.0, "expm1"): "u",
}


def _nested(algebra: Algebra, outer: str, argument: Expression) -> Expression | None:
    match factors_of(argument):
        case coefficient, ((Call(name=inner, arguments=(u,)), 1.0),):
            text = _NESTED.get((outer, coefficient, inner)) or _NESTED.get((outer, None, inner))
            return algebra.written(text, u=u, c=number(coefficient)) if text else None
    return None


def _is_negative(u: Expression) -> bool:
    """Whether -u is the canonical form."""
    if isinstance(u, Product) and u.coefficient < 0.0:
        return True
    return isinstance(u, Sum) and u.terms[0][1] < 0.0


def _symmetric(name: str, sign: float) -> CallRule:
    """name(-u) = sign name(u)."""

    def rule(algebra: Algebra, u: Expression) -> Expression | None:
        return algebra.scale(sign, algebra.call(name, algebra.scale(-1.0, u))) if _is_negative(u) else None

    return rule


def _log(algebra: Algebra, u: Expression) -> Expression | None:
    found = _nested(algebra, "log", u)
    if found is not None:
        return found
    constant, terms = terms_of(u)
    if constant and terms:  # log(2 - exp(v)) is log1p(-expm1(v))
        plain = plain_sum(plus(constant, -1.0), dict(terms))
        less_one = algebra.add(plain)
        if constant != 1.0:
            return algebra.call("log1p", less_one) if less_one != plain else None
        is_simple = not any(isinstance(base, Sum) for base, _ in factors_of(less_one)[1])
        return algebra.call("log1p", less_one if is_simple else plain)
    match u:
        case Call(name=name, arguments=(v,)) if name in _LOG_NEAR_ONE:
            return algebra.written(_LOG_NEAR_ONE[name], v=v, plain=Call("log", (u,)))
        case Product(coefficient=1.0, factors=((base, exponent),)) if exponent % 2.0 == 0.0 or is_nonnegative(base):
            return algebra.scale(exponent, algebra.call("log", algebra.call("abs", base)))
    return None


def _log1p(algebra: Algebra, argument: Expression) -> Expression | None:
    match factors_of(argument):
        case coefficient, ((Call(name="exp", arguments=(u,)), 1.0),) if coefficient > 0.0:
            return algebra.call("softplus", algebra.add(u, number(math.log(coefficient))))
    return _nested(algebra, "log1p", argument)


def _abs(algebra: Algebra, u: Expression) -> Expression | None:
    if is_nonnegative(u):
        return u
    if isinstance(u, Product) and u.coefficient != 1.0:
        return algebra.scale(abs(u.coefficient), algebra.call("abs", algebra.scale(1.0 / u.coefficient, u)))
    return algebra.call("abs", algebra.scale(-1.0, u)) if _is_negative(u) else None


def _relu(algebra: Algebra, u: Expression) -> Expression | None:
    if is_nonnegative(u):
        return u
    if isinstance(u, Product) and abs(u.coefficient) != 1.0:
        size = abs(u.coefficient)
        return algebra.scale(size, algebra.call("relu", algebra.scale(1.0 / size, u)))
    return None


_RISING_THROUGH_ZERO = frozenset({"expm1", "tanh", "sinh", "arctan", "asinh", "erf"})


def signed_alike(algebra: Algebra, u: Expression) -> Expression:
    """The simplest expression with the same sign: a small factor could make 0 of a tiny number."""
    coefficient, factors = factors_of(u)
    match factors:
        case ((Call(name=name, arguments=(inner,)), 1.0),) if name in _RISING_THROUGH_ZERO:
            return signed_alike(algebra, algebra.scale(math.copysign(1.0, coefficient), inner))
    is_scaled = isinstance(u, Product) and abs(coefficient) != 1.0
    return algebra.scale(1.0 / abs(coefficient), u) if is_scaled else u


def _heaviside(algebra: Algebra, u: Expression) -> Expression | None:
    simpler = signed_alike(algebra, u)
    return None if simpler == u else algebra.call("heaviside", simpler)


def _maximum(algebra: Algebra, a: Expression, b: Expression) -> Expression | None:
    if a == b:
        return a
    if a == algebra.scale(-1.0, b):
        return algebra.call("abs", a)
    if ZERO in (a, b):
        return algebra.call("relu", b if a == ZERO else a)
    return None


def _minimum(algebra: Algebra, a: Expression, b: Expression) -> Expression | None:
    if a == b:
        return a
    return algebra.written("-maximum(-u, -v)", u=a, v=b) if ZERO in (a, b) else None


def _less(algebra: Algebra, a: Expression, b: Expression) -> Expression | None:
    """a < b as 0 < b - a, so that it is as right at +-inf as elsewhere; and 0 < 6 - relu(u) as 0 < 6 - u."""
    if a != ZERO:
        return algebra.call("<", ZERO, algebra.apply("-", b, a))
    match b:
        case Sum(constant=c, terms=((Call(name="relu", arguments=(u,)), factor),)) if c > 0.0 > factor:
            return algebra.call("<", a, algebra.add(number(c), algebra.scale(factor, u)))
    simpler = signed_alike(algebra, b)
    return None if simpler == b else algebra.call("<", a, simpler)


def _where(algebra: Algebra, condition: Expression, a: Expression, b: Expression) -> Expression | None:
    if isinstance(condition, Number):
        return a if condition.value else b
    return a if a == b else None


def _power(algebra: Algebra, base: Expression, exponent: Expression) -> Expression | None:
    match base, exponent:
        case _, Number(value=value):
            return algebra.power(base, value)
        case Number(value=value), _ if value > 0.0:
            return algebra.call("exp", algebra.scale(math.log(value), exponent))
        case Call(name="exp", arguments=(u,)), _:
            return algebra.call("exp", algebra.multiply(u, exponent))
    return None


CALL_RULES: Mapping[str, CallRule] = {
    **{name: _symmetric(name, -1.0) for name in ("tanh", "sinh", "arctan", "asinh", "erf", "sin", "sign")},
    **{name: _symmetric(name, 1.0) for name in ("cosh", "sech", "cos", "log_cosh")},
    "exp": lambda algebra, u: _nested(algebra, "exp", u),
    **{"log": _log, "log1p": _log1p, "abs": _abs, "relu": _relu, "heaviside": _heaviside},
    **{"maximum": _maximum, "minimum": _minimum, "where": _where, "power": _power, "<": _less},
}
