"""Identities of sums: exp(u) - 1 is expm1(u), 1 - tanh(u)^2 is sech(u)^2."""

import math

from keras_acts.authoring.formula.algebra import Algebra
from keras_acts.authoring.formula.collecting import collected, factors_of, number, plain_product, plain_sum, terms_of
from keras_acts.authoring.formula.expression import Call, Expression, Product, Sum, Terms, is_call, without

# function(u) ** exponent + shift, where that is a function without a cancellation.
_SHIFTED = {
    ("sigmoid", 1.0, -1.0): "-sigmoid(-u)",
    ("sigmoid", 1.0, -0.5): "0.5*tanh(0.5*u)",
    ("tanh", 1.0, 1.0): "2*sigmoid(2*u)",
    ("tanh", 1.0, -1.0): "-2*sigmoid(-2*u)",
    ("tanh", 2.0, -1.0): "-sech(u)**2",
    ("sech", 2.0, -1.0): "-tanh(u)**2",
    ("erf", 1.0, 1.0): "2*normal_cdf(sqrt(2)*u)",
    ("erf", 1.0, -1.0): "-2*normal_cdf(-sqrt(2)*u)",
    ("normal_cdf", 1.0, -1.0): "-normal_cdf(-u)",
    ("normal_cdf", 1.0, -0.5): "0.5*erf(sqrt(0.5)*u)",
    ("exp", 1.0, -1.0): "expm1(u)",
    ("expm1", 1.0, 1.0): "exp(u)",
    ("cos", 1.0, -1.0): "-2*sin(0.5*u)**2",
    ("cos", 1.0, 1.0): "2*cos(0.5*u)**2",
    ("cos", 2.0, -1.0): "-sin(u)**2",
    ("sin", 1.0, 1.0): "(sin(0.5*u) + cos(0.5*u))**2",
    ("sin", 1.0, -1.0): "-(sin(0.5*u) - cos(0.5*u))**2",
    ("sin", 2.0, -1.0): "-cos(u)**2",
    ("cosh", 1.0, -1.0): "2*sinh(0.5*u)**2",
    ("cosh", 2.0, -1.0): "sinh(u)**2",
}


_LOGARITHM_IS_KNOWN = ("sigmoid", "normal_cdf", "sech", "cosh")


def _shift(algebra: Algebra, constant: float, terms: Terms) -> Expression | None:
    if not constant:
        return None
    for term, coefficient in terms.items():
        shift, factors, found = constant / coefficient, factors_of(term)[1], None
        match factors:
            case ((Call(name=name, arguments=(u, *_)), exponent),) if (name, exponent, shift) in _SHIFTED:
                found = algebra.written(_SHIFTED[name, exponent, shift], u=u)
        is_known = all(is_call(base, *_LOGARITHM_IS_KNOWN) for base, _ in factors)
        if found is None and shift == -1.0 and len(terms) == 1 and is_known:
            # sigmoid(u)^n - 1 = expm1(n log(sigmoid(u)))
            logarithms = (algebra.scale(n, algebra.call("log", base)) for base, n in factors)
            found = algebra.call("expm1", algebra.add(*logarithms))
        if found is not None:
            return algebra.add(algebra.scale(coefficient, found), plain_sum(0.0, without(terms, term)))
    return None


def _hyperbolic(algebra: Algebra, constant: float, terms: Terms) -> Expression | None:
    """exp(u) -+ exp(-u)."""
    for term, coefficient in terms.items():
        if not is_call(term, "exp"):
            continue
        u = term.children[0]
        mirrored = algebra.call("exp", algebra.scale(-1.0, u))
        other = terms.get(mirrored, 0.0)
        if abs(other) == abs(coefficient):
            both = algebra.call("cosh" if other == coefficient else "sinh", u)
            rest = plain_sum(constant, without(terms, term, mirrored))
            return algebra.add(algebra.scale(2.0 * coefficient, both), rest)
    return None


def _one_denominator(algebra: Algebra, constant: float, terms: Terms) -> Expression | None:
    """Terms over powers of the same sum, over their common denominator: what cancels between them then cancels here."""
    groups: dict[Expression, list[tuple[Expression, float]]] = {}
    for term in terms:
        for base, exponent in factors_of(term)[1]:
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
            rest = algebra.multiply(term, algebra.power(base, -lowest - gap), number(terms[term]))
            numerators.append(_multiplied_out(algebra, _expanded(algebra, rest, base, int(gap))))
        found = algebra.multiply(algebra.power(base, lowest), algebra.add(*numerators))
        return algebra.add(found, plain_sum(constant, without(terms, *(term for term, _ in joined))))
    return None


def _expanded(algebra: Algebra, factor: Expression, total: Expression, times: int) -> Expression:
    """factor * total ** times, multiplied out."""
    if not times:
        return factor
    constant, terms = terms_of(total)
    products = [algebra.multiply(factor, algebra.scale(coefficient, term)) for term, coefficient in terms]
    parts = [algebra.scale(constant, factor), *products]
    return algebra.add(*(_expanded(algebra, part, total, times - 1) for part in parts))


_MOST_TERMS = 64


def _multiplied_out(algebra: Algebra, expression: Expression) -> Expression:
    """The expression without products of sums, unless that makes too many terms."""
    if isinstance(expression, Sum):
        parts = [algebra.scale(factor, _multiplied_out(algebra, term)) for term, factor in expression.terms]
        return algebra.add(number(expression.constant), *parts)
    if not isinstance(expression, Product):
        return expression
    sums = {base: n for base, n in expression.factors if isinstance(base, Sum) and n in (1.0, 2.0)}
    if not sums or math.prod(len(base.children) + 1 for base, n in sums.items() for _ in range(int(n))) > _MOST_TERMS:
        return expression
    found = plain_product(expression.coefficient, without(dict(expression.factors), *sums))
    for base, n in sums.items():
        found = _expanded(algebra, found, base, int(n))
    return found


def _common_factor(algebra: Algebra, constant: float, terms: Terms) -> Expression | None:
    """An exponential that all terms share is computed once, and no term is lost before the others.

    Another common factor is taken out of two terms, if one of them is nothing else and an identity knows the rest:
    x - x sigmoid(x) = x sigmoid(-x).
    """
    shared = _shared(terms)
    decays = {base: n for base, n in shared.items() if is_call(base, "exp", "sech")}
    factor = plain_product(1.0, decays or shared)
    if constant or len(terms) < 2 or not (decays or (len(terms) == 2 and factor in terms)):
        return None
    gone = [(base, -n) for base, n in factors_of(factor)[1]]
    rests = (plain_product(1.0, collected([*factors_of(term)[1], *gone])) for term in terms)
    rest = algebra.add(*map(algebra.scale, terms.values(), rests))
    return algebra.multiply(factor, rest) if decays or not isinstance(rest, Sum) else None


def _shared(terms: Terms) -> Terms:
    """The factors of all terms, each with its smallest exponent, of those that are above 0."""
    powers = [dict(factors_of(term)[1]) for term in terms]
    least = {base: min(own.get(base, 0.0) for own in powers) for base in (powers[0] if powers else ())}
    return {base: n for base, n in least.items() if n > 0.0}


SUM_RULES = (_shift, _hyperbolic, _one_denominator, _common_factor)
