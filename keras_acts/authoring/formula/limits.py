"""What a formula that is written as 0 / 0 or 0 * inf at x = 0 means there: its limit.

Where it has a series near 0, as (exp(x) - 1) / x does, it becomes a "quotient", which keeps its digits there, and so
do its derivatives. Where it has none, as x log|x| and sign(x) sqrt|x|, it is 0 at 0, and so are its derivatives, also
those that are infinite.
"""

from keras_acts.authoring.formula import power_series
from keras_acts.authoring.formula.canonical import X, call
from keras_acts.authoring.formula.collecting import ZERO, collected, plain_product, plain_sum
from keras_acts.authoring.formula.expression import Call, Expression, Pairs, Product, Sum, is_call, without
from keras_acts.authoring.formula.truncated import power

_AS_THEIR_ARGUMENT = frozenset({"abs", "tanh", "sinh", "arctan", "asinh", "erf", "sin", "expm1", "log1p"})  # near 0


def with_limits(expression: Expression) -> Expression:
    """An equal expression that has its limit at x = 0, where there is one that can be found."""
    found = _with_limits(expression)
    is_composed = isinstance(found, Sum | Product) and "quotient" in found.functions  # which may cancel near 0 as well
    return _quotient(found) if is_composed and power_series.has_limit(found) else found


def _with_limits(expression: Expression) -> Expression:
    match expression:
        case Sum(constant=constant, terms=terms):
            found = collected((_with_limits(term), factor) for term, factor in terms)
            infinite = {term: factor for term, factor in found.items() if _has_pole(((term, 1.0),))}
            joined = plain_sum(0.0, infinite)
            if infinite and power_series.has_limit(joined):  # 1/x - 1/tanh(x)
                found = {**without(found, *infinite), _quotient(joined): 1.0}
            return plain_sum(constant, found)
        case Product(coefficient=coefficient, factors=factors):
            found = collected((_with_limits(base), exponent) for base, exponent in factors)
            singular = {base: exponent for base, exponent in found.items() if _lowest(base, exponent)}
            joined = plain_product(1.0, singular)
            if _has_pole(tuple(singular.items())) and power_series.has_limit(joined):
                found = {**without(found, *singular), _quotient(joined): 1.0}
            return _zero_at_zero(plain_product(coefficient, found))
        case Call(name="quotient", arguments=(quotient, order, u)):
            return Call("quotient", (quotient, order, _with_limits(u)))
        case Call(name=name, arguments=arguments):
            return Call(name, tuple(map(_with_limits, arguments)))
    return expression


def _quotient(expression: Expression) -> Expression:
    return Call("quotient", (expression, ZERO, X))


def _lowest(base: Expression, exponent: float) -> int | None:
    """The lowest power of x in the series of base ** exponent; None where there is none on both sides."""
    try:
        found = [(powers, power_series.coefficients(base, powers)) for powers in power_series.sides(base)]
        return min(power(series, exponent, powers.side).lowest for powers, series in found)
    except ArithmeticError:
        return None


def _has_pole(factors: Pairs) -> bool:
    return any((_lowest(*pair) or 0) < 0 for pair in factors)


def _zero_at_zero(product: Expression) -> Expression:
    """The product as 0 at 0, if it tends to 0 there and is not computed so, or has an infinite slope."""
    if not isinstance(product, Product) or len(product.factors) < 2:
        return product  # the derivative of a power alone is 0 where it is infinite
    orders = [(_order(base), exponent) for base, exponent in product.factors]
    if any(order is None for order, _ in orders):
        return product
    powers = [order[0] * exponent for order, exponent in orders if order is not None]
    has_logarithm = any(order[1] for order, _ in orders if order is not None)
    is_steep = sum(powers) < 1.0 and any(is_call(base, "sign") for base, _ in product.factors)
    if sum(powers) <= 0.0 or not (has_logarithm or is_steep or min(powers) < 0.0):
        return product
    return call("where", call("<=", call("abs", X), ZERO), ZERO, product)


def _order(expression: Expression) -> tuple[float, bool] | None:
    """The power of |x| that it is like near 0, and whether also like a logarithm; None where that is not known."""
    lowest = _lowest(expression, 1.0) if "x" in expression.variables else 0
    if lowest is not None:
        return float(lowest), False
    match expression:
        case Product(factors=factors):
            found = [(_order(base), exponent) for base, exponent in factors]
            known = [(order[0] * exponent, order[1]) for order, exponent in found if order is not None]
            if len(known) == len(found):
                return sum(power for power, _ in known), any(has_logarithm for _, has_logarithm in known)
        case Sum(constant=constant, terms=terms):
            orders = [_order(term) for term, _ in terms] + ([(0.0, False)] if constant else [])
            known = sorted(order for order in orders if order is not None)
            if len(known) == len(orders) and known[0][0] < known[1][0]:
                return known[0]
        case Call(name="where", arguments=(_, first, other)) if first == ZERO:  # one of those made here
            return _order(other)
        case Call(name="sign", arguments=(u,)):
            return (0.0, False) if _order(u) else None
        case Call(name="log", arguments=(u,)):
            inner = _order(u)
            return (0.0, True) if inner is not None and inner != (0.0, False) else None
        case Call(name=name, arguments=(u,)) if name in _AS_THEIR_ARGUMENT:
            inner = _order(u)
            return inner if inner is not None and inner[0] > 0.0 else None
    return None
