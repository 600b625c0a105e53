"""Derivatives of expressions, in the same canonical form."""

import math
from collections.abc import Callable

from keras_acts.authoring.algebra import ONE, ZERO, X, add, call, divide, multiply, number, power, scale, terms_of
from keras_acts.authoring.expression import Call, Expression, Number, Product, Sum, Variable
from keras_acts.authoring.identities.calls import signed_alike


def _square(u: Expression) -> Expression:
    return power(u, 2.0)


def _bell(u: Expression, peak: float, decay: float) -> Expression:
    return scale(peak, call("exp", scale(decay, _square(u))))


def _where_above(u: Expression, above: Expression, otherwise: Expression) -> Expression:
    """The one where u > 0, else the other; where u falls through 0 the one at 0 too: always the slope on the left.

    Then max(0, x) + min(0, exp(x) - 1) has the slope 0 + 1 at 0, not 0 + 0.
    """
    _, terms = terms_of(signed_alike(u))
    if len(terms) == 1 and isinstance(terms[0][0], Variable) and terms[0][1] < 0.0:
        above, otherwise, u = otherwise, above, scale(-1.0, u)
    if (above, otherwise) == (ONE, ZERO):
        return call("step", u)
    return call("where", call("<", ZERO, u), above, otherwise)


# The derivative by the argument. At a kink it is one element of the subdifferential: 0 for |u|, and for relu(u) the
# slope on the left.
SLOPES: dict[str, Callable[[Expression], Expression]] = {
    "exp": lambda u: call("exp", u),
    "expm1": lambda u: call("exp", u),
    "log": lambda u: power(u, -1.0),
    "log1p": lambda u: power(add(ONE, u), -1.0),
    "softplus": lambda u: call("sigmoid", u),
    "sigmoid": lambda u: scale(0.25, _square(call("sech", scale(0.5, u)))),
    "tanh": lambda u: _square(call("sech", u)),
    "sech": lambda u: scale(-1.0, multiply(call("sech", u), call("tanh", u))),
    "sinh": lambda u: call("cosh", u),
    "cosh": lambda u: call("sinh", u),
    "log_cosh": lambda u: call("tanh", u),
    "sin": lambda u: call("cos", u),
    "cos": lambda u: scale(-1.0, call("sin", u)),
    "arctan": lambda u: power(add(ONE, _square(u)), -1.0),
    "asinh": lambda u: power(add(ONE, _square(u)), -0.5),
    "erf": lambda u: _bell(u, 2.0 / math.sqrt(math.pi), -1.0),
    "normal_cdf": lambda u: _bell(u, math.sqrt(0.5 / math.pi), -0.5),
    "abs": lambda u: call("sign", u),
    "relu": lambda u: _where_above(u, ONE, ZERO),
    "sign": lambda u: ZERO,
    "step": lambda u: ZERO,
}


def derivative(expression: Expression, variable: Variable = X) -> Expression:
    """The derivative by one variable."""
    return _Derivation(variable).of(expression)


class _Derivation:
    """Derivatives by one variable; each shared part is differentiated once."""

    def __init__(self, variable: Variable) -> None:
        self._variable = variable
        self._known: dict[Expression, Expression] = {}

    def of(self, expression: Expression) -> Expression:
        if expression not in self._known:
            self._known[expression] = self._compute(expression)
        return self._known[expression]

    def _compute(self, expression: Expression) -> Expression:
        if self._variable.name not in expression.variables:
            return ZERO
        match expression:
            case Variable():
                return ONE
            case Sum(terms=terms):
                return add(*(scale(coefficient, self.of(term)) for term, coefficient in terms))
            case Product(factors=factors):
                return add(*(self._with_one_derived(expression, base, exponent) for base, exponent in factors))
            case Call(name="where", arguments=(condition, a, b)):
                return call("where", condition, self.of(a), self.of(b))
            case Call(name="maximum", arguments=(a, b)):
                return _where_above(add(a, scale(-1.0, b)), self.of(a), self.of(b))
            case Call(name="minimum", arguments=(a, b)):
                return _where_above(add(b, scale(-1.0, a)), self.of(a), self.of(b))
            case Call(name="power", arguments=(base, exponent)):
                by_exponent = multiply(expression, call("log", base), self.of(exponent))
                lower = call("power", base, add(exponent, number(-1.0)))
                return add(by_exponent, multiply(exponent, lower, self.of(base)))
            case Call(name=name, arguments=(u,)):
                return multiply(SLOPES[name](u), self.of(u))
        raise AssertionError(f"no derivative of {expression!r}")

    def _with_one_derived(self, product: Product, base: Expression, exponent: float) -> Expression:
        """The product with base ** exponent replaced by its derivative."""
        slope = self.of(base)
        if isinstance(slope, Number) and not slope.value:
            return ZERO
        lowered = divide(product, base)
        return multiply(number(exponent), lowered, slope)
