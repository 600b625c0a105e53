"""Identities of products: exp(u) exp(v) is exp(u + v), sinh(u) / cosh(u) is tanh(u)."""

import math

from keras_acts.authoring.formula.algebra import Algebra
from keras_acts.authoring.formula.collecting import ONE, number
from keras_acts.authoring.formula.expression import Call, Expression, Product, Sum, Terms, is_call, without


def _rebuilt(
    algebra: Algebra, coefficient: float, factors: Terms, gone: tuple[Expression, ...], *instead: Expression
) -> Expression:
    kept = tuple(without(factors, *gone).items())
    rest = Product(coefficient, kept) if kept else number(coefficient)
    return algebra.multiply(rest, *instead)


def _exponentials(algebra: Algebra, coefficient: float, factors: Terms) -> Expression | None:
    """One exponential in all; exp(-u) sigmoid(u) = sigmoid(-u); exp(u) sech(u) = 2 sigmoid(2 u)."""
    found = [base for base in factors if is_call(base, "exp")]
    if not found:
        return None
    exponent = algebra.add(*(algebra.scale(factors[base], base.children[0]) for base in found))
    for base, n in factors.items():
        if not is_call(base, "sech", "sigmoid"):
            continue
        u = base.children[0]
        instead = None
        if is_call(base, "sigmoid") and exponent == algebra.scale(-n, u):
            instead = "sigmoid(-u)**n"
        elif is_call(base, "sech") and n > 0.0 and exponent == algebra.scale(n, u):
            instead = "(2*sigmoid(2*u))**n"
        elif is_call(base, "sech") and n > 0.0 and exponent == algebra.scale(-n, u):
            instead = "(2*sigmoid(-2*u))**n"
        if instead:
            joined = algebra.written(instead, u=u, n=number(n))
            return _rebuilt(algebra, coefficient, factors, (*found, base), joined)
    if len(found) == 1 and factors[found[0]] == 1.0:
        return None
    return _rebuilt(algebra, coefficient, factors, tuple(found), algebra.call("exp", exponent))


def _one_plus_exponential(algebra: Algebra, coefficient: float, factors: Terms) -> Expression | None:
    """1 / (1 + exp(u)) = sigmoid(-u)."""
    for base, exponent in factors.items():
        match base:
            case Sum(constant=1.0, terms=((Call(name="exp", arguments=(v,)), weight),)) if exponent < 0.0 < weight:
                u = algebra.add(v, number(math.log(weight)))
                gate = algebra.written("sigmoid(-u)**n", u=u, n=number(-exponent))
                return _rebuilt(algebra, coefficient, factors, (base,), gate)
    return None


def _signs(algebra: Algebra, coefficient: float, factors: Terms) -> Expression | None:
    """sign(u) u = |u|; |u|^2 = u^2; heaviside(u) u = relu(u); relu(u)^p u = relu(u)^(p + 1)."""
    for base, exponent in factors.items():
        if not is_call(base, "abs", "sign", "heaviside", "relu"):
            continue
        assert isinstance(base, Call)
        u, name = base.arguments[0], base.name
        size = algebra.call("abs", u)

        def rebuilt(gone: tuple[Expression, ...], *instead: Expression) -> Expression:
            return _rebuilt(algebra, coefficient, factors, gone, *instead)

        if name == "abs" and exponent % 2.0 == 0.0:
            return rebuilt((base,), algebra.power(u, exponent))
        if name == "sign" and exponent != 1.0:
            return rebuilt((base,), base if exponent % 2.0 else ONE)
        if name == "sign" and u in factors:
            return rebuilt((base, u), size, algebra.power(u, factors[u] - 1.0))
        if name == "sign" and size in factors:
            return rebuilt((base, size), u, algebra.power(size, factors[size] - 1.0))
        if name == "heaviside" and exponent != 1.0:
            return rebuilt((base,), base)
        if name == "heaviside" and factors.get(algebra.call("relu", u), 0.0) > 0.0:
            return rebuilt((base,))
        if name in ("heaviside", "relu") and factors.get(u, 0.0) >= 1.0:
            own = exponent if name == "relu" else 0.0
            return rebuilt((base, u), algebra.power(algebra.call("relu", u), factors[u] + own))
    return None


# The product of two functions with the same exponent, by the first one: the second one, and what both are.
_QUOTIENTS = {
    "sinh": ("sech(u)", "tanh(u)"),
    "sin": ("cos(u)", "0.5*sin(2*u)"),
    "sigmoid": ("sigmoid(-u)", "0.25*sech(0.5*u)**2"),
    "expm1": ("sigmoid(-u)", "tanh(0.5*u)"),  # (exp(u) - 1) / (exp(u) + 1)
}


def _quotients(algebra: Algebra, coefficient: float, factors: Terms) -> Expression | None:
    """1 / cosh = sech, and the table."""
    for base, exponent in factors.items():
        if not is_call(base, "cosh", *_QUOTIENTS):
            continue
        assert isinstance(base, Call)
        u, n = base.arguments[0], exponent
        if base.name == "cosh":
            if n < 0.0:
                inverse = algebra.written("sech(u)**n", u=u, n=number(-n))
                return _rebuilt(algebra, coefficient, factors, (base,), inverse)
            continue
        second, product = _QUOTIENTS[base.name]
        other = algebra.written(second, u=u)
        mirrored = factors.get(other, 0.0)
        if base.name == "sigmoid":
            n = max(min(exponent, mirrored), 0.0)
        if n and (base.name == "sigmoid" or n == mirrored):
            joined = algebra.power(algebra.written(product, u=u), n)
            rest = algebra.power(base, exponent - n), algebra.power(other, mirrored - n)
            return _rebuilt(algebra, coefficient, factors, (base, other), joined, *rest)
    return None


PRODUCT_RULES = (_exponentials, _one_plus_exponential, _signs, _quotients)
