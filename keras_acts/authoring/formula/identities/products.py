"""Identities of products: exp(u) exp(v) is exp(u + v), sinh(u) / cosh(u) is tanh(u)."""

import math

from keras_acts.authoring.formula.algebra import Algebra
from keras_acts.authoring.formula.collecting import ONE, number
from keras_acts.authoring.formula.expression import Call, Expression, Sum, Terms, is_call

Replacement = tuple[tuple[Expression, ...], tuple[Expression, ...]]  # the factors that go, and what comes instead


def _exponentials(algebra: Algebra, factors: Terms) -> Replacement | None:
    """One exponential in all; exp(-u) sigmoid(u) = sigmoid(-u); exp(u) sech(u) = 2 sigmoid(2 u)."""
    found = tuple(base for base in factors if is_call(base, "exp"))
    if not found:
        return None
    exponent = algebra.add(*(algebra.scale(factors[base], base.children[0]) for base in found))
    for base, n in factors.items():
        if not (is_call(base, "sigmoid") or (is_call(base, "sech") and n > 0.0)):
            continue
        u = base.children[0]
        rising, falling = (exponent == algebra.scale(sign * n, u) for sign in (1.0, -1.0))
        if is_call(base, "sigmoid") and falling:
            return (*found, base), (algebra.written("sigmoid(-u)**n", u=u, n=number(n)),)
        if is_call(base, "sech") and (rising or falling):
            u = u if rising else algebra.scale(-1.0, u)
            return (*found, base), (algebra.written("(2*sigmoid(2*u))**n", u=u, n=number(n)),)
    if len(found) == 1 and factors[found[0]] == 1.0:
        return None
    return found, (algebra.call("exp", exponent),)


def _one_plus_exponential(algebra: Algebra, factors: Terms) -> Replacement | None:
    """1 / (1 + exp(u)) = sigmoid(-u)."""
    for base, exponent in factors.items():
        match base:
            case Sum(constant=1.0, terms=((Call(name="exp", arguments=(v,)), weight),)) if exponent < 0.0 < weight:
                u = algebra.add(v, number(math.log(weight)))
                return (base,), (algebra.written("sigmoid(-u)**n", u=u, n=number(-exponent)),)
    return None


def _signs(algebra: Algebra, factors: Terms) -> Replacement | None:
    """Products of u with functions of its sign, and powers of those.

    sign(u) u = |u|; |u|^2 = u^2; u |u|^-0.5 = sign(u) |u|^0.5; heaviside(u) u = relu(u); relu(u)^p u = relu(u)^(p + 1).
    """
    for base, exponent in factors.items():
        if not isinstance(base, Call):
            continue
        u = base.arguments[0]
        match base.name:
            case "abs" if exponent % 2.0 == 0.0:
                return (base,), (algebra.power(u, exponent),)
            case "abs" if -1.0 < exponent < 0.0 and factors.get(u, 0.0) == 1.0:
                return (base, u), (algebra.call("sign", u), algebra.power(base, 1.0 + exponent))
            case "sign":
                size = algebra.call("abs", u)
                if exponent != 1.0:
                    return (base,), (base if exponent % 2.0 else ONE,)
                for given, instead in ((u, size), (size, u)):
                    if factors.get(given, 0.0) >= 1.0:  # u |u|^(p - 1) would be NaN at 0 where p < 1
                        return (base, given), (instead, algebra.power(given, factors[given] - 1.0))
            case "heaviside" if exponent != 1.0:
                return (base,), (base,)
            case "heaviside" if factors.get(algebra.call("relu", u), 0.0) > 0.0:
                return (base,), ()
            case "heaviside" | "relu" if factors.get(u, 0.0) >= 1.0:
                own = exponent if base.name == "relu" else 0.0
                return (base, u), (algebra.power(algebra.call("relu", u), factors[u] + own),)
    return None


# The product of two functions with the same exponent, by the first one: the second one, and what both are.
_PAIRS = {
    "sinh": ("sech(u)", "tanh(u)"),
    "sin": ("cos(u)", "0.5*sin(2*u)"),
    "sigmoid": ("sigmoid(-u)", "0.25*sech(0.5*u)**2"),
    "expm1": ("sigmoid(-u)", "tanh(0.5*u)"),  # (exp(u) - 1) / (exp(u) + 1)
}


def _quotients(algebra: Algebra, factors: Terms) -> Replacement | None:
    """1 / cosh = sech, and the table."""
    for base, exponent in factors.items():
        if not isinstance(base, Call):
            continue
        u = base.arguments[0]
        if base.name == "cosh" and exponent < 0.0:
            return (base,), (algebra.written("sech(u)**n", u=u, n=number(-exponent)),)
        if base.name in _PAIRS:
            second, product = _PAIRS[base.name]
            other = algebra.written(second, u=u)
            mirrored = factors.get(other, 0.0)
            n = max(min(exponent, mirrored), 0.0) if base.name == "sigmoid" else exponent
            if n and (base.name == "sigmoid" or n == mirrored):
                joined = algebra.power(algebra.written(product, u=u), n)
                rest = algebra.power(base, exponent - n), algebra.power(other, mirrored - n)
                return (base, other), (joined, *rest)
    return None


PRODUCT_RULES = (_exponentials, _one_plus_exponential, _signs, _quotients)
