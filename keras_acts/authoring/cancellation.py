"""Sums with a square root that would cancel, in a form that does not. Applied to the value only: it has no simple
derivative, while that of the sum itself is the next sum of this kind.
"""

import math

from keras_acts.authoring import algebra
from keras_acts.authoring.algebra import add, call, multiply, number, plain_sum, power, scale
from keras_acts.authoring.expression import Expression, Sum


def without_cancellation(total: Sum) -> Expression | None:
    """An equal expression for one of the sums below, else None."""
    terms = dict(total.terms)
    for term in terms:
        inside, exponent, numerator = _root(term)
        if inside is None:
            continue
        found = None
        if exponent == 0.5 and numerator == algebra.ONE:
            found = _root_minus_constant(total, term, inside) or _root_plus_argument(total, term, inside)
        elif exponent == -0.5:
            found = _constant_plus_quotient(total, term, inside, numerator)
        if found is not None:
            return found
    return None


def _root(term: Expression) -> tuple[Sum | None, float, Expression]:
    """The sum a + r under a square root, the exponent, and what it is multiplied by."""
    for base, exponent in algebra.factors_of(term)[1]:
        if isinstance(base, Sum) and abs(exponent) == 0.5 and base.constant > 0.0:
            return base, exponent, multiply(term, power(base, -exponent))
    return None, 0.0, term


def _rest(total: Sum, constant: float, *gone: Expression) -> Expression:
    return plain_sum(constant, {term: factor for term, factor in total.terms if term not in gone})


def _root_minus_constant(total: Sum, root: Expression, inside: Sum) -> Expression | None:
    """sqrt(a + r) - sqrt(a) = r / (sqrt(a + r) + sqrt(a))."""
    coefficient = dict(total.terms)[root]
    shift = total.constant / coefficient
    if shift >= 0.0 or not math.isclose(shift * shift, inside.constant, rel_tol=4e-16):
        return None
    difference = multiply(plain_sum(0.0, dict(inside.terms)), power(plain_sum(-shift, {root: 1.0}), -1.0))
    return add(scale(coefficient, difference), _rest(total, 0.0, root))


def _linear_under(inside: Sum) -> tuple[Expression | None, float]:
    """w and q for a + q w^2."""
    if len(inside.terms) != 1:
        return None, 0.0
    ((square, steepness),) = inside.terms
    _, ((w, exponent), *others) = algebra.factors_of(square)
    return (None, 0.0) if others or exponent != 2.0 or steepness <= 0.0 else (w, steepness)


def _root_plus_argument(total: Sum, root: Expression, inside: Sum) -> Expression | None:
    """h + v with h = sqrt(v^2 + a), which cancels for v < 0, is a / (h - v) there."""
    w, steepness = _linear_under(inside)
    terms = dict(total.terms)
    if w is None or w not in terms:
        return None
    slope = terms[w] / terms[root]
    if not math.isclose(slope * slope, steepness, rel_tol=4e-16):
        return None
    rising, falling = plain_sum(0.0, {root: 1.0, w: slope}), plain_sum(0.0, {root: 1.0, w: -slope})
    below = multiply(number(inside.constant), power(falling, -1.0))
    found = call("where", call("<", scale(slope, w), number(0.0)), below, rising)
    return add(scale(terms[root], found), _rest(total, total.constant, root, w))


def _constant_plus_quotient(total: Sum, term: Expression, inside: Sum, numerator: Expression) -> Expression | None:
    """1 + v / h with h = sqrt(v^2 + a), which cancels for v < 0, is a / (h (h - v)) there."""
    w, steepness = _linear_under(inside)
    coefficient = dict(total.terms)[term]
    if w is None or numerator != w or not total.constant:
        return None
    slope = coefficient / total.constant
    if not math.isclose(slope * slope, steepness, rel_tol=4e-16):
        return None
    root = power(inside, 0.5)
    falling = plain_sum(0.0, {root: 1.0, w: -slope})
    below = multiply(number(inside.constant), power(root, -1.0), power(falling, -1.0))
    found = call("where", call("<", scale(slope, w), number(0.0)), below, plain_sum(1.0, {term: slope}))
    return add(scale(total.constant, found), _rest(total, 0.0, term))
