"""Derivatives of expressions, in the same canonical form."""

from collections.abc import Callable

from keras_acts.authoring.formula.canonical import ALGEBRA, X, add, call, divide, multiply, scale, written
from keras_acts.authoring.formula.collecting import ONE, ZERO, number, terms_of
from keras_acts.authoring.formula.computations import COMPUTATIONS
from keras_acts.authoring.formula.expression import Call, Expression, Product, Sum, Variable
from keras_acts.authoring.formula.identities.calls import signed_alike


def derivative(expression: Expression, variable: Variable = X) -> Expression:
    """The derivative by one variable."""
    known: dict[Expression, Expression] = {}  # each shared part is differentiated once

    def of(part: Expression) -> Expression:
        if part not in known:
            known[part] = _derivative(part, of) if variable.name in part.variables else ZERO
        return known[part]

    return of(expression)


def _derivative(expression: Expression, of: Callable[[Expression], Expression]) -> Expression:
    """The derivative, from the derivatives `of` its parts."""
    match expression:
        case Variable():
            return ONE
        case Sum(terms=terms):
            return add(*(scale(coefficient, of(term)) for term, coefficient in terms))
        case Product(factors=factors):
            parts = [(exponent, divide(expression, base), of(base)) for base, exponent in factors if of(base) != ZERO]
            return add(*(multiply(number(exponent), rest, inner) for exponent, rest, inner in parts))
        case Call(name="where", arguments=(condition, a, b)):
            return call("where", condition, of(a), of(b))
        case Call(name="maximum", arguments=(a, b)):
            return _where_above(add(a, scale(-1.0, b)), of(a), of(b))
        case Call(name="minimum", arguments=(a, b)):
            return _where_above(add(b, scale(-1.0, a)), of(a), of(b))
        case Call(name="power", arguments=(base, exponent)):
            by_exponent = multiply(expression, call("log", base), of(exponent))
            lower = call("power", base, add(exponent, number(-1.0)))
            by_base = multiply(exponent, lower, of(base))
            if "x" in base.variables and "x" not in exponent.variables:  # relu(x)**a is 0 for every a > 0, not NaN
                is_zero = call("<=", call("abs", base), ZERO)
                by_exponent = call("where", is_zero, ZERO, by_exponent)
                by_base = call("where", call("<", exponent, ONE), call("where", is_zero, ZERO, by_base), by_base)
            return add(by_exponent, by_base)
        case Call(name="relu", arguments=(u,)):
            return multiply(_where_above(u, ONE, ZERO), of(u))
        case Call(name=name, arguments=(u,)):
            return multiply(written(COMPUTATIONS[name].derivative, u=u), of(u))
    raise AssertionError(f"no derivative of {expression!r}")


def _where_above(u: Expression, above: Expression, otherwise: Expression) -> Expression:
    """`above` if u > 0, else `otherwise`; at u = 0 the derivative on the left of it.

    Then max(0, x) + min(0, exp(x) - 1) has the derivative 0 + 1 at 0, not 0 + 0.
    """
    _, terms = terms_of(signed_alike(ALGEBRA, u))
    if len(terms) == 1 and isinstance(terms[0][0], Variable) and terms[0][1] < 0.0:
        above, otherwise, u = otherwise, above, scale(-1.0, u)
    if (above, otherwise) == (ONE, ZERO):
        return call("heaviside", u)
    return call("where", call("<", ZERO, u), above, otherwise)
