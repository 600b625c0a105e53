"""Identities of sums: exp(u) - 1 is expm1(u), 1 - tanh(u)^2 is sech(u)^2."""

import math

from keras_acts.authoring import algebra
from keras_acts.authoring.algebra import add, call, multiply, number, plain_sum, power, scale
from keras_acts.authoring.expression import Call, Expression, Product, Sum
from keras_acts.authoring.identities.terms import ROOT_HALF, Terms, is_call, without


def _shifted(function: str, exponent: float, u: Expression, shift: float) -> Expression | None:
    """function(u) ** exponent + shift, where that is a function without a cancellation."""
    half, double = scale(0.5, u), scale(2.0, u)
    match function, exponent, shift:
        case "sigmoid", 1.0, -1.0:
            return scale(-1.0, call("sigmoid", scale(-1.0, u)))
        case "sigmoid", 1.0, -0.5:
            return scale(0.5, call("tanh", half))
        case "tanh", 1.0, (1.0 | -1.0):
            return scale(2.0 * shift, call("sigmoid", scale(shift, double)))
        case "erf", 1.0, (1.0 | -1.0):
            return scale(2.0 * shift, call("normal_cdf", scale(shift * math.sqrt(2.0), u)))
        case "normal_cdf", 1.0, -1.0:
            return scale(-1.0, call("normal_cdf", scale(-1.0, u)))
        case "normal_cdf", 1.0, -0.5:
            return scale(0.5, call("erf", scale(ROOT_HALF, u)))
        case "exp", 1.0, -1.0:
            return call("expm1", u)
        case "expm1", 1.0, 1.0:
            return call("exp", u)
        case "cos", 1.0, -1.0:
            return scale(-2.0, power(call("sin", half), 2.0))
        case "cos", 1.0, 1.0:
            return scale(2.0, power(call("cos", half), 2.0))
        case "sin", 1.0, (1.0 | -1.0):
            return scale(shift, power(add(call("sin", half), scale(shift, call("cos", half))), 2.0))
        case "cosh", 1.0, -1.0:
            return scale(2.0, power(call("sinh", half), 2.0))
        case (("tanh" | "sech" | "sin" | "cos"), 2.0, -1.0):
            other = {"tanh": "sech", "sech": "tanh", "sin": "cos", "cos": "sin"}[function]
            return scale(-1.0, power(call(other, u), 2.0))
        case "cosh", 2.0, -1.0:
            return power(call("sinh", u), 2.0)
        case _:
            return None


def _shift(constant: float, terms: Terms) -> Expression | None:
    if not constant:
        return None
    for term, coefficient in terms.items():
        _, ((base, exponent), *others) = algebra.factors_of(term)
        if others or not isinstance(base, Call):
            continue
        found = _shifted(base.name, exponent, base.arguments[0], constant / coefficient)
        if found is not None:
            return add(scale(coefficient, found), plain_sum(0.0, without(terms, term)))
    return None


def _hyperbolic(constant: float, terms: Terms) -> Expression | None:
    """exp(u) -+ exp(-u)."""
    for term, coefficient in terms.items():
        if not isinstance(term, Call) or term.name != "exp":
            continue
        u = term.arguments[0]
        mirrored = call("exp", scale(-1.0, u))
        other = terms.get(mirrored)
        if other is None or abs(other) != abs(coefficient):
            continue
        name = "cosh" if other == coefficient else "sinh"
        rest = plain_sum(constant, without(terms, term, mirrored))
        return add(scale(2.0 * coefficient, call(name, u)), rest)
    return None


def _one_denominator(constant: float, terms: Terms) -> Expression | None:
    """Terms over powers of the same sum, over their common denominator: what cancels between them then cancels here."""
    groups: dict[Expression, list[tuple[Expression, float]]] = {}
    for term in terms:
        for base, exponent in algebra.factors_of(term)[1]:
            if isinstance(base, Sum) and (exponent < 0.0 or not exponent.is_integer()):
                groups.setdefault(base, []).append((term, exponent))
    for base, members in groups.items():
        lowest = min(exponent for _, exponent in members)
        gaps = [(term, exponent - lowest) for term, exponent in members]
        joined = [(term, gap) for term, gap in gaps if gap in (0.0, 1.0, 2.0)]
        signs = {terms[term] > 0.0 for term, _ in joined}
        if len(signs) < 2:  # nothing cancels
            continue
        numerators = []
        for term, gap in joined:
            rest = multiply(term, power(base, -lowest - gap), number(terms[term]))
            numerators.append(multiplied_out(expanded(rest, base, int(gap))))
        found = multiply(power(base, lowest), add(*numerators))
        return add(found, plain_sum(constant, without(terms, *(term for term, _ in joined))))
    return None


def expanded(factor: Expression, total: Expression, times: int) -> Expression:
    """factor * total ** times, multiplied out."""
    if not times:
        return factor
    constant, terms = algebra.terms_of(total)
    parts = [scale(constant, factor), *(multiply(factor, scale(coefficient, term)) for term, coefficient in terms)]
    return add(*(expanded(part, total, times - 1) for part in parts))


_MOST_TERMS = 64


def multiplied_out(expression: Expression) -> Expression:
    """The expression without products of sums, unless that makes too many terms."""
    if isinstance(expression, Sum):
        parts = [scale(factor, multiplied_out(term)) for term, factor in expression.terms]
        return add(number(expression.constant), *parts)
    if not isinstance(expression, Product):
        return expression
    sums = {base: n for base, n in expression.factors if isinstance(base, Sum) and n in (1.0, 2.0)}
    if not sums or math.prod(len(base.children) + 1 for base, n in sums.items() for _ in range(int(n))) > _MOST_TERMS:
        return expression
    rest = tuple((base, n) for base, n in expression.factors if base not in sums)
    found: Expression = Product(expression.coefficient, rest) if rest else number(expression.coefficient)
    for base, n in sums.items():
        found = expanded(found, base, int(n))
    return found


def _common_decay(constant: float, terms: Terms) -> Expression | None:
    """An exponential that all terms share is computed once, and no term is lost before the others."""
    if constant or len(terms) < 2:
        return None
    shared: Terms | None = None
    for term in terms:
        own = {
            base: exponent
            for base, exponent in algebra.factors_of(term)[1]
            if (is_call(base, "exp") or is_call(base, "sech")) and exponent > 0.0
        }
        shared = own if shared is None else {b: min(e, own[b]) for b, e in shared.items() if b in own}
    if not shared:
        return None
    factor = multiply(*(power(base, exponent) for base, exponent in shared.items()))
    inverse = multiply(*(power(base, -exponent) for base, exponent in shared.items()))
    return multiply(factor, add(*(multiply(term, inverse, number(coefficient)) for term, coefficient in terms.items())))


algebra.SUM_RULES += [
    _shift,
    _hyperbolic,
    _one_denominator,
    _common_decay,
]
