"""Identities of products: exp(u) exp(v) is exp(u + v), sinh(u) / cosh(u) is tanh(u)."""

import math

from keras_acts.authoring import algebra
from keras_acts.authoring.algebra import ONE, add, call, multiply, number, power, scale
from keras_acts.authoring.expression import Call, Expression, Product, Sum
from keras_acts.authoring.identities.terms import Terms, is_call, without


def _rebuilt(coefficient: float, factors: Terms, gone: tuple[Expression, ...], *instead: Expression) -> Expression:
    kept = tuple(without(factors, *gone).items())
    rest = Product(coefficient, kept) if kept else number(coefficient)
    return multiply(rest, *instead)


def _exponentials(coefficient: float, factors: Terms) -> Expression | None:
    """One exponential in all; and exp(-u) sigmoid(u) = sigmoid(-u)."""
    found = [base for base in factors if is_call(base, "exp")]
    if not found:
        return None
    exponent = add(*(scale(factors[base], base.children[0]) for base in found))
    for base, n in factors.items():
        if is_call(base, "sech") and n > 0.0:  # exp(u) sech(u) = 2 sigmoid(2 u)
            u = base.children[0]
            for sign in (1.0, -1.0):
                if exponent == scale(sign * n, u):
                    gate = scale(2.0, call("sigmoid", scale(2.0 * sign, u)))
                    return _rebuilt(coefficient, factors, (*found, base), power(gate, n))
    for base, n in factors.items():
        if is_call(base, "sigmoid") and exponent == scale(-n, base.children[0]):
            flipped = power(call("sigmoid", scale(-1.0, base.children[0])), n)
            return _rebuilt(coefficient, factors, (*found, base), flipped)
    if len(found) == 1 and factors[found[0]] == 1.0:
        return None
    return _rebuilt(coefficient, factors, tuple(found), call("exp", exponent))


def _one_plus_exponential(coefficient: float, factors: Terms) -> Expression | None:
    """1 / (1 + exp(u)) = sigmoid(-u)."""
    for base, exponent in factors.items():
        if exponent < 0.0 and isinstance(base, Sum) and base.constant == 1.0 and len(base.terms) == 1:
            ((term, weight),) = base.terms
            if is_call(term, "exp") and weight > 0.0:
                u = add(term.children[0], number(math.log(weight)))
                gate = power(call("sigmoid", scale(-1.0, u)), -exponent)
                return _rebuilt(coefficient, factors, (base,), gate)
    return None


def _signs(coefficient: float, factors: Terms) -> Expression | None:
    """sign(u) u = |u|; |u|^2 = u^2; step(u) u = relu(u); relu(u)^p u = relu(u)^(p + 1)."""
    for base, exponent in factors.items():
        if not isinstance(base, Call) or base.name not in ("abs", "sign", "step", "relu"):
            continue
        u = base.arguments[0]
        size = call("abs", u)
        if base.name == "abs" and exponent % 2.0 == 0.0:
            return _rebuilt(coefficient, factors, (base,), power(u, exponent))
        if base.name == "sign" and exponent != 1.0:
            return _rebuilt(coefficient, factors, (base,), base if exponent % 2.0 else ONE)
        if base.name == "sign" and u in factors:
            return _rebuilt(coefficient, factors, (base, u), size, power(u, factors[u] - 1.0))
        if base.name == "sign" and size in factors:
            return _rebuilt(coefficient, factors, (base, size), u, power(size, factors[size] - 1.0))
        if base.name == "step" and exponent != 1.0:
            return _rebuilt(coefficient, factors, (base,), base)
        if base.name == "step" and factors.get(call("relu", u), 0.0) > 0.0:
            return _rebuilt(coefficient, factors, (base,))
        if base.name in ("step", "relu") and factors.get(u, 0.0) >= 1.0:
            own = exponent if base.name == "relu" else 0.0
            return _rebuilt(coefficient, factors, (base, u), power(call("relu", u), factors[u] + own))
    return None


def _quotients(coefficient: float, factors: Terms) -> Expression | None:
    """1 / cosh = sech; sinh / cosh = tanh; (exp(w) - 1) / (exp(w) + 1) = tanh(w / 2); sigmoid(w) sigmoid(-w)."""
    for base, exponent in factors.items():
        if not isinstance(base, Call):
            continue
        u = base.arguments[0]
        if base.name == "cosh" and exponent < 0.0:
            return _rebuilt(coefficient, factors, (base,), power(call("sech", u), -exponent))
        sech, gate = call("sech", u), call("sigmoid", scale(-1.0, u))
        if base.name == "sinh" and exponent == factors.get(sech):
            return _rebuilt(coefficient, factors, (base, sech), power(call("tanh", u), exponent))
        wave = call("cos", u)
        if base.name == "sin" and exponent == 1.0 and factors.get(wave) == 1.0:
            return _rebuilt(coefficient, factors, (base, wave), scale(0.5, call("sin", scale(2.0, u))))
        mirrored = factors.get(gate, 0.0)
        if base.name == "sigmoid" and exponent > 0.0 and mirrored > 0.0:
            n = min(exponent, mirrored)
            slope = scale(0.25, power(call("sech", scale(0.5, u)), 2.0))
            rest = power(base, exponent - n), power(gate, mirrored - n)
            return _rebuilt(coefficient, factors, (base, gate), power(slope, n), *rest)
        if base.name == "expm1" and exponent == factors.get(gate):
            return _rebuilt(coefficient, factors, (base, gate), power(call("tanh", scale(0.5, u)), exponent))
    return None


algebra.PRODUCT_RULES += [_exponentials, _one_plus_exponential, _signs, _quotients]
