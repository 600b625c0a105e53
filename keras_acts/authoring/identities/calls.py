"""Identities of functions: log(exp(u)) is u, tanh(-u) is -tanh(u), a switch takes the simplest condition."""

import math

from keras_acts.authoring import algebra
from keras_acts.authoring.algebra import ONE, add, call, multiply, number, plain_sum, power, scale
from keras_acts.authoring.expression import Call, Expression, Number, Product, Sum
from keras_acts.authoring.identities.terms import ROOT_HALF, is_call


def _is_negative(u: Expression) -> bool:
    """Whether -u is the canonical form."""
    if isinstance(u, Product) and u.coefficient < 0.0:
        return True
    return isinstance(u, Sum) and u.terms[0][1] < 0.0


def _odd(name: str) -> None:
    def rule(u: Expression) -> Expression | None:
        return scale(-1.0, call(name, scale(-1.0, u))) if _is_negative(u) else None

    algebra.CALL_RULES[name] = rule


def _even(name: str) -> None:
    def rule(u: Expression) -> Expression | None:
        return call(name, scale(-1.0, u)) if _is_negative(u) else None

    algebra.CALL_RULES[name] = rule


for _name in ("tanh", "sinh", "arctan", "asinh", "erf", "sin", "sign"):
    _odd(_name)
for _name in ("cosh", "sech", "cos", "log_cosh"):
    _even(_name)


def _exp(u: Expression) -> Expression | None:
    coefficient, factors = algebra.factors_of(u)
    match list(factors):
        case [(Call(name="log", arguments=(inner,)), 1.0)]:
            return power(inner, coefficient)
        case [(Call(name="log1p", arguments=(inner,)), 1.0)]:
            return power(add(ONE, inner), coefficient)
        case [(Call(name="softplus", arguments=(inner,)), 1.0)]:
            return power(add(ONE, call("exp", inner)), coefficient)
    return None


def _log(u: Expression) -> Expression | None:
    match u:
        case Call(name="exp", arguments=(inner,)):
            return inner
        case Call(name="sigmoid", arguments=(inner,)):
            return scale(-1.0, call("softplus", scale(-1.0, inner)))
        case Call(name="cosh", arguments=(inner,)):
            return call("log_cosh", inner)
        case Call(name="normal_cdf", arguments=(inner,)):
            far = call("log1p", scale(-1.0, call("normal_cdf", scale(-1.0, inner))))
            return call("where", call("<", inner, number(0.0)), Call("log", (u,)), far)
        case Product(coefficient=2.0, factors=((Call(name=("sigmoid" | "normal_cdf") as name, arguments=(v,)), 1.0),)):
            # Twice a step is 1 where the step is steepest: there as log(1 + tanh) or log(1 + erf).
            odd = call("tanh", scale(0.5, v)) if name == "sigmoid" else call("erf", scale(ROOT_HALF, v))
            far = add(number(math.log(2.0)), call("log", call(name, v)))
            return call("where", call("<", number(-1.0), v), call("log1p", odd), far)
        case Sum(constant=1.0):
            return call("log1p", plain_sum(0.0, dict(u.terms)))
        case Product(coefficient=1.0, factors=((base, exponent),)) if algebra.is_nonnegative(base):
            return scale(exponent, call("log", base))
        case Product(coefficient=1.0, factors=((base, exponent),)) if exponent % 2.0 == 0.0:
            return scale(exponent, call("log", call("abs", base)))
    return None


def _log1p(u: Expression) -> Expression | None:
    coefficient, factors = algebra.factors_of(u)
    match list(factors):
        case [(Call(name="exp", arguments=(inner,)), 1.0)] if coefficient > 0.0:
            return call("softplus", add(inner, number(math.log(coefficient))))
        case [(Call(name="sigmoid", arguments=(inner,)), 1.0)] if coefficient == -1.0:
            return scale(-1.0, call("softplus", inner))
        case [(Call(name="expm1", arguments=(inner,)), 1.0)] if coefficient == 1.0:
            return inner
    return None


def _abs(u: Expression) -> Expression | None:
    if algebra.is_nonnegative(u):
        return u
    if isinstance(u, Product) and u.coefficient != 1.0:
        return scale(abs(u.coefficient), call("abs", scale(1.0 / u.coefficient, u)))
    return call("abs", scale(-1.0, u)) if _is_negative(u) else None


def _relu(u: Expression) -> Expression | None:
    if algebra.is_nonnegative(u):
        return u
    if isinstance(u, Product) and abs(u.coefficient) != 1.0:
        size = abs(u.coefficient)
        return scale(size, call("relu", scale(1.0 / size, u)))
    return None


_RISING_THROUGH_ZERO = frozenset({"expm1", "tanh", "sinh", "arctan", "asinh", "erf"})


def signed_alike(u: Expression) -> Expression:
    """The simplest expression with the same sign: a small factor could make 0 of a tiny number."""
    coefficient, factors = algebra.factors_of(u)
    match list(factors):
        case [(Call(name=name, arguments=(inner,)), 1.0)] if name in _RISING_THROUGH_ZERO:
            return signed_alike(scale(math.copysign(1.0, coefficient), inner))
    return scale(1.0 / abs(coefficient), u) if isinstance(u, Product) and abs(coefficient) != 1.0 else u


def _step(u: Expression) -> Expression | None:
    simpler = signed_alike(u)
    return None if simpler == u else call("step", simpler)


def _maximum(a: Expression, b: Expression) -> Expression | None:
    if a == b:
        return a
    if a == scale(-1.0, b):
        return call("abs", a)
    if isinstance(a, Number) and a.value == 0.0:
        return call("relu", b)
    return call("relu", a) if isinstance(b, Number) and b.value == 0.0 else None


def _minimum(a: Expression, b: Expression) -> Expression | None:
    if a == b:
        return a
    if Number(0.0) in (a, b):
        return scale(-1.0, call("maximum", scale(-1.0, a), scale(-1.0, b)))
    return None


def _less(a: Expression, b: Expression) -> Expression | None:
    """a < b as 0 < b - a, so that it is as right at +-inf as elsewhere; and 0 < 6 - relu(u) as 0 < 6 - u."""
    if a != number(0.0):
        return call("<", number(0.0), add(b, scale(-1.0, a)))
    match b:
        case Sum(constant=c, terms=((Call(name="relu", arguments=(u,)), factor),)) if c > 0.0 > factor:
            return call("<", a, add(number(c), scale(factor, u)))
    simpler = signed_alike(b)
    return None if simpler == b else call("<", a, simpler)


def _where(condition: Expression, a: Expression, b: Expression) -> Expression | None:
    if isinstance(condition, Number):
        return a if condition.value else b
    return a if a == b else None


def _power(base: Expression, exponent: Expression) -> Expression | None:
    if isinstance(exponent, Number):
        return power(base, exponent.value)
    if isinstance(base, Number) and base.value > 0.0:
        return call("exp", scale(math.log(base.value), exponent))
    if is_call(base, "exp"):
        return call("exp", multiply(base.children[0], exponent))
    return None


algebra.CALL_RULES["<"] = _less
algebra.CALL_RULES.update(
    exp=_exp,
    log=_log,
    log1p=_log1p,
    abs=_abs,
    relu=_relu,
    step=_step,
    maximum=_maximum,
    minimum=_minimum,
    where=_where,
    power=_power,
)
