"""Sums with a square root that would cancel, in a form that does not. Applied to the value only: it has no simple
derivative, while that of the sum itself is the next sum of this kind.
"""

import math

from keras_acts.authoring.formula.canonical import add, multiply, power, scale, written
from keras_acts.authoring.formula.collecting import ONE, factors_of, number, plain_sum, plus, terms_of
from keras_acts.authoring.formula.expression import Expression, Product, Sum, without


def without_cancellation(total: Sum) -> Expression | None:
    """An equal expression for one of the sums below, else None."""
    for term, coefficient in total.terms:
        for inside, exponent in factors_of(term)[1]:
            if not isinstance(inside, Sum) or abs(exponent) != 0.5 or inside.constant <= 0.0:
                continue
            beside, found = multiply(term, power(inside, -exponent)), None
            if exponent == -0.5:
                found = _constant_plus_quotient(total, coefficient, term, inside, beside)
            elif beside == ONE:
                found = _root_minus_constant(total, term, inside) or _root_plus_argument(total, term, inside)
            if found is not None:
                return found
    return None


def _rest(total: Sum, constant: float, *gone: Expression) -> Expression:
    return plain_sum(constant, without(dict(total.terms), *gone))


def _root_minus_constant(total: Sum, root: Expression, inside: Sum) -> Expression | None:
    """sqrt(s) - c = (s - c^2) / (sqrt(s) + c), where an identity knows s - c^2, or s is c^2 + r."""
    coefficient = dict(total.terms)[root]
    shift = total.constant / coefficient
    if shift >= 0.0:
        return None
    plain = plain_sum(plus(inside.constant, -shift * shift), dict(inside.terms))
    rest = add(plain)
    if rest == plain and terms_of(rest)[0]:
        return None
    difference = multiply(rest, power(plain_sum(-shift, {root: 1.0}), -1.0))
    return add(scale(coefficient, difference), _rest(total, 0.0, root))


def _argument_under(inside: Sum, weight: float, w: Expression) -> Expression | None:
    """v = weight * w, if what is under the root is v^2 + a."""
    match inside.terms:
        case ((Product(factors=((base, 2.0),)), steepness),) if base == w:
            return scale(weight, w) if math.isclose(weight * weight, steepness, rel_tol=4e-16) else None
    return None


def _root_plus_argument(total: Sum, root: Expression, inside: Sum) -> Expression | None:
    """h + v with h = sqrt(v^2 + a), which cancels for v < 0, is a / (h - v) there."""
    terms = dict(total.terms)
    for w in without(terms, root):
        v = _argument_under(inside, terms[w] / terms[root], w)
        if v is not None:
            found = written(
                "where(v < 0, a/(h - v), plain)", v=v, a=number(inside.constant), h=root, plain=add(root, v)
            )
            return add(scale(terms[root], found), _rest(total, total.constant, root, w))
    return None


def _constant_plus_quotient(
    total: Sum, coefficient: float, term: Expression, inside: Sum, numerator: Expression
) -> Expression | None:
    """1 + v / h with h = sqrt(v^2 + a), which cancels for v < 0, is a / (h (h - v)) there."""
    if not total.constant:
        return None
    weight = coefficient / total.constant
    v = _argument_under(inside, weight, numerator)
    if v is None:
        return None
    plain = plain_sum(1.0, {term: weight})
    text = "where(v < 0, a/(h*(h - v)), plain)"
    found = written(text, v=v, a=number(inside.constant), h=power(inside, 0.5), plain=plain)
    return add(scale(total.constant, found), _rest(total, 0.0, term))
