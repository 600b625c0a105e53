"""Derivatives of expressions, in the same canonical form."""

from keras_acts.authoring.formula.canonical import ALGEBRA, X, add, call, divide, multiply, scale, written
from keras_acts.authoring.formula.collecting import ONE, ZERO, number, terms_of
from keras_acts.authoring.formula.computations import COMPUTATIONS
from keras_acts.authoring.formula.expression import Call, Expression, Product, Sum, Variable
from keras_acts.authoring.formula.identities.calls import signed_alike


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
            case Call(name="relu", arguments=(u,)):
                return multiply(_where_above(u, ONE, ZERO), self.of(u))
            case Call(name=name, arguments=(u,)):
                return multiply(written(COMPUTATIONS[name].derivative, u=u), self.of(u))
        raise AssertionError(f"no derivative of {expression!r}")

    def _with_one_derived(self, product: Product, base: Expression, exponent: float) -> Expression:
        """The product with base ** exponent replaced by its derivative."""
        inner = self.of(base)
        return ZERO if inner == ZERO else multiply(number(exponent), divide(product, base), inner)


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
