"""Derivatives of expressions, in the same canonical form."""

from collections.abc import Callable

from keras_acts.authoring.formula.canonical import ALGEBRA, X, add, call, multiply, scale, written
from keras_acts.authoring.formula.collecting import ONE, ZERO, factors_of, is_nonnegative, number, terms_of
from keras_acts.authoring.formula.computations import COMPUTATIONS
from keras_acts.authoring.formula.expression import SWITCHES, Call, Expression, Number, Product, Sum, Variable
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
            return add(*(_by_factor(expression, *pair, of(pair[0])) for pair in factors if of(pair[0]) != ZERO))
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
            if "x" in base.variables:  # relu(x)**a is 0 for every a > 0, not NaN
                is_zero = call("<=", call("abs", base), ZERO)
                stays = call("where", call("<=", ZERO, exponent), ZERO, by_exponent)  # below 0 it is infinite
                by_exponent = call("where", is_zero, stays if "x" in exponent.variables else ZERO, by_exponent)
                by_base = call("where", call("<", exponent, ONE), call("where", is_zero, ZERO, by_base), by_base)
            return add(by_exponent, by_base)
        case Call(name="quotient", arguments=(quotient, Number(value=order), u)):
            return multiply(Call("quotient", (quotient, number(order + 1.0), u)), of(u))
        case Call(name="relu", arguments=(u,)):
            return multiply(_where_above(u, ONE, ZERO), of(u))
        case Call(name=name, arguments=(u,)):
            return multiply(written(COMPUTATIONS[name].derivative, u=u), of(u))
    raise AssertionError(f"no derivative of {expression!r}")


def _by_factor(product: Expression, base: Expression, exponent: float, inner: Expression) -> Expression:
    """The part of a product's derivative from one factor base**exponent, where `inner` is the derivative of the base.

    Where that is 0 and the power infinite, both together are 0, not NaN: sqrt(relu(x)) is flat for x < 0. At a kink
    where the base is 0 the root has the slope of its flat side.
    """
    # `divide` would take a base apart that is a product.
    found = multiply(number(exponent), multiply(product, Product(1.0, ((base, -1.0),))), inner)
    left, vanishing = (dict(factors_of(each)[1]) for each in (found, inner))
    has_kinks = base.functions & SWITCHES
    is_regular = is_nonnegative(base, strictly=True) or (exponent.is_integer() and not has_kinks)
    if is_regular or left.get(base, 0.0) >= 0.0 or not left.keys() & vanishing.keys():
        return found
    zeros = [base] if has_kinks and exponent > 0.0 else [base, inner]
    return call("where", call("<=", add(*(call("abs", zero) for zero in zeros)), ZERO), ZERO, found)


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
