"""An expression as a function of float32 or float64 tensors, with its symbolic derivatives to every order.

Its value comes from sums and products of scaled numbers.
"""

import functools
import math
from collections.abc import Callable, Iterable, Mapping

import keras
import numpy as np

from keras_acts.authoring.formula import near_zero
from keras_acts.authoring.formula.cancellation import without_cancellation
from keras_acts.authoring.formula.canonical import X, add, call, multiply, scale, written
from keras_acts.authoring.formula.collecting import ZERO, factors_of, is_nonnegative, number
from keras_acts.authoring.formula.derivation import derivative
from keras_acts.authoring.formula.expression import Call, Expression, Number, Product, Sum, Variable, is_call
from keras_acts.authoring.formula.functions import Functions
from keras_acts.authoring.formula.scaled import Scaled
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor, with_partials

_SELECTING = frozenset({"where", "sign", "heaviside", "maximum", "minimum", "relu"})
_EXACT = frozenset({"abs", "relu", "sign", "heaviside", "where", "<", "<="})


@functools.lru_cache(maxsize=1024)
def function_of(expression: Expression, parameters: tuple[str, ...] = ()) -> Callable[..., Tensor]:
    """`f(x, *parameters)` for float32 or float64 tensors. Each derivative is worked out when it is first asked for."""
    names = ("x", *parameters)

    def partials(*values: Tensor) -> tuple[Tensor, ...]:
        return tuple(function_of(derivative(expression, Variable(name)), parameters)(*values) for name in names)

    def value(*values: Tensor) -> Tensor:
        return evaluate(expression, dict(zip(names, values, strict=True)))

    return with_partials(partials)(value)


def evaluate(expression: Expression, values: Mapping[str, Tensor]) -> Tensor:
    """The value, with the shape of x; `values` holds x and the parameters that are tensors.

    A float32 sum with functions, such as the derivative of a gate, is computed in float64 and rounded once where
    TensorFlow computes on a CPU: else its K comes up to 7 (derivative of x tanh(log(1 + exp(x)))). All other values
    keep K <= 4 in float32, in a half to a fifth of the time. On a GPU float64 may be sixty times slower, and other
    backends may have none: there float32 stays.
    """
    x = values["x"]
    is_float32 = keras.backend.standardize_dtype(x.dtype) == "float32"
    if is_float32 and _may_cancel(expression) and nx.on_cpu():
        wide = {name: ops.cast(value, "float64") for name, value in values.items()}
        return ops.cast(_evaluate(expression, wide), "float32")
    return _evaluate(expression, values)


def _may_cancel(expression: Expression) -> bool:
    """Whether functions, roots or quotients meet in a sum, at the top or in a factor of it."""
    if isinstance(expression, Sum):
        summands = len(expression.terms) + bool(expression.constant)
        return summands > 1 and not all(_is_polynomial(term) for term, _ in expression.terms)
    if is_call(expression, "quotient"):
        return _may_cancel(expression.children[0]) or expression.children[1] != ZERO
    return isinstance(expression, Product) and any(map(_may_cancel, expression.children))


def _is_polynomial(term: Expression) -> bool:
    whole = all(exponent > 0.0 and exponent.is_integer() for _, exponent in factors_of(term)[1])
    return whole and term.functions <= _EXACT


def _evaluate(expression: Expression, values: Mapping[str, Tensor]) -> Tensor:
    x = values["x"]
    result = _Values(values).plain(expression)
    first = near_zero.derivative_at_zero(expression)
    if first is not None:
        is_tiny = ops.abs(x) < 2.0**24 * float(np.finfo(keras.backend.standardize_dtype(x.dtype)).tiny)
        result = ops.where(is_tiny, first * x, result)
    if expression.variables != values.keys() or expression.functions & _SELECTING:
        result = ops.where(ops.isnan(x), x, result)  # also gives a constant the shape of x
    return result


class _Values(Functions):
    """All values for one x; what the expression holds twice is computed once."""

    def __init__(self, values: Mapping[str, Tensor]) -> None:
        super().__init__(values)
        self._known: dict[tuple[Expression, bool], Scaled] = {}
        self._rewritten: set[Expression] = set()

    def scaled(self, expression: Expression, raised: bool) -> Scaled:
        """The value of any expression; `raised`: as (x / X) X, so that powers of x cannot overflow."""
        key = expression, raised
        if key not in self._known:
            self._known[key] = self._compute(expression, raised)
        return self._known[key]

    def _compute(self, expression: Expression, raised: bool) -> Scaled:
        match expression:
            case Number(value=value):
                return Scaled(value)
            case Variable(name="x") if raised:
                return Scaled(ops.clip(self._values["x"], -1.0, 1.0), 1.0)  # both factors are exact
            case Variable(name=name):
                return Scaled(self._values[name])
            case Sum():
                return self._sum(expression, raised)
            case Product():
                return self._product(expression, raised)
            case Call(name="where", arguments=(Call() as condition, a, b)):
                left, right = map(self.plain, condition.arguments)
                holds = left < right if condition.name == "<" else left <= right
                return self._scale.select(holds, self.scaled(a, raised), self.scaled(b, raised))
            case Call(name=("maximum" | "minimum") as name, arguments=(a, b)):
                takes_a = call("<", a, b) if name == "minimum" else call("<", b, a)
                return self.scaled(call("where", takes_a, a, b), raised)
            case Call(name="quotient", arguments=(quotient, Number(value=order), u)):
                return self._quotient(quotient, int(order), u, raised)
            case Call(name="power", arguments=(a, b)):
                return Scaled(ops.power(self.plain(a), self.plain(b)))
            case Call(name=name, arguments=(u,)):
                return self.function(name, u, raised)
        raise AssertionError(f"no value of {expression!r}")

    def _sum(self, total: Sum, raised: bool) -> Scaled:
        better = None if total in self._rewritten else without_cancellation(total)
        if better is not None:
            self._rewritten.add(total)  # where it occurs in `better` itself, it does not cancel
            return self.scaled(better, raised)
        parts = [self.scaled(term, raised) for term, _ in total.terms]
        if not raised and any(part.k for part in parts):  # x must count alike in all terms
            return self._compute(total, True)
        if raised and any(_is_softplus_of_anything(term) for term, _ in total.terms):
            found = self._compute(_split_softplus(total), True)
        else:
            found = self._added(total, parts)
        series = near_zero.where_it_vanishes(total)
        return found if series is None else self._near_zero((series,), self._values["x"], found)

    def _added(self, total: Sum, parts: Iterable[Scaled]) -> Scaled:
        scaled_parts = []
        for (_, coefficient), part in zip(total.terms, parts, strict=True):
            m = part.m if coefficient == 1.0 else -part.m if coefficient == -1.0 else coefficient * part.m
            scaled_parts.append(Scaled(m, part.k, part.e, part.decays))
        if total.constant:
            scaled_parts.append(Scaled(total.constant))
        return self._scale.add(scaled_parts)

    def _quotient(self, quotient: Expression, order: int, u: Expression, raised: bool) -> Scaled:
        """The derivative of a quotient at x = u: near 0 as a polynomial, elsewhere as it is written."""
        near = near_zero.quotient_near_zero(quotient, order)
        direct = functools.reduce(lambda inner, _: derivative(inner), range(order), quotient)
        at = self._values["x"] if u == X else self.plain(u)
        if not near:
            return self.scaled(direct, raised) if u == X else Scaled(type(self)({"x": at}).plain(direct))
        radius = near[0].radius
        # Also near 0 the other branch is a finite number.
        away = type(self)({"x": ops.where(ops.abs(at) < radius, radius, at)})
        elsewhere = away.scaled(direct, raised) if u == X else Scaled(away.plain(direct))
        return self._near_zero(near, at, elsewhere)

    def _near_zero(self, near: tuple[near_zero.Polynomial, ...], x: Tensor, elsewhere: Scaled) -> Scaled:
        """The polynomial near 0, or those left and right of it."""
        radius = near[0].radius
        inner = ops.clip(x, -radius, radius)
        is_near = ops.abs(x) < radius
        value = near[0](inner) if len(near) == 1 else ops.where(inner > 0.0, near[1](inner), near[0](inner))
        if radius > 1.0:  # else X is 1, so that every power of X goes with it
            value = self._scale.to_power(value, -elsewhere.k)
        m = ops.where(is_near, value, elsewhere.m)
        e = None if elsewhere.e is None else ops.where(is_near, 0.0, elsewhere.e)
        return Scaled(m, elsewhere.k, e, elsewhere.decays)

    def _product(self, product: Product, raised: bool) -> Scaled:
        inside = self._inside_where(product)
        if inside is not None:
            return self.scaled(inside, raised)
        is_steep = any(is_call(f, *_SELECTING) or not -1.0 < f.degree * power < 2.0 for f, power in product.factors)
        raised = raised or is_steep or abs(product.degree) >= 2.0
        above: list[Tensor] = []
        below: list[Tensor] = []
        k, e, decays = 0.0, None, True
        factors = list(product.factors)
        if abs(product.coefficient) < 1.0:  # x last: 0.1 x is 0 for a tiny x, though another factor may be 10
            factors.sort(key=lambda pair: isinstance(pair[0], Variable))
        last: list[tuple[Tensor, bool]] = []  # what is tiny or huge near 0, where the other factors may be the opposite
        for factor, power in factors:
            number = self.scaled(factor, raised)
            if _meets_its_opposite(product, factor, power):
                part, parts = (1.0, int(abs(power))) if power.is_integer() else (0.5 * abs(power), 2)
                last += [(_to_power(number.m, part), power > 0.0)] * parts
            else:
                (above if power > 0.0 else below).append(_to_power(number.m, abs(power)))
            k += number.k * power
            if number.e is not None:
                own = number.e if power == 1.0 else power * number.e
                e = own if e is None else e + own
                decays = decays and number.decays and power > 0.0
        m: Tensor | float = product.coefficient
        for tensor in above:
            m = tensor if isinstance(m, float) and m == 1.0 else m * tensor
        if below:
            m = m / math.prod(below[1:], start=below[0])
        for tensor, is_above in last:
            m = m * tensor if is_above else m / tensor
        if product.degree < 0.0 and any(is_call(factor, "sin", "cos") for factor, _ in factors):
            m = ops.where(ops.abs(self._values["x"]) == math.inf, 0.0, m)
        half_steps = 0.5 * round(2.0 * k)
        return Scaled(m, half_steps if abs(k - half_steps) < 1e-9 else k, e, e is not None and decays)

    def _inside_where(self, product: Product) -> Expression | None:
        """u where(c, a, b) as where(c, u a, u b): each branch then has its own powers of X."""
        for factor, power in product.factors:
            where = factor
            if isinstance(factor, Sum) and factor not in self._rewritten:
                where = without_cancellation(factor) or factor
            weight, ((choice, one), *others) = factors_of(where)
            if others or power != 1.0 or one != 1.0 or not isinstance(choice, Call) or choice.name != "where":
                continue
            self._rewritten.add(factor)
            rest = tuple((base, own) for base, own in product.factors if base != factor)
            outside = Product(weight * product.coefficient, rest) if rest else Number(weight * product.coefficient)
            condition, a, b = choice.arguments
            return call("where", condition, multiply(outside, a), multiply(outside, b))
        return None


def _is_softplus_of_anything(term: Expression) -> bool:
    return is_call(term, "softplus") and not is_nonnegative(scale(-1.0, term.children[0]))


def _split_softplus(total: Sum) -> Expression:
    """The sum with softplus(u) as relu(u) + softplus(-|u|): one part grows like x, the other one decays."""

    def split(term: Expression) -> Expression:
        is_softplus = _is_softplus_of_anything(term)
        return written("relu(u) + softplus(-abs(u))", u=term.children[0]) if is_softplus else term

    return add(number(total.constant), *(scale(factor, split(term)) for term, factor in total.terms))


def _meets_its_opposite(product: Product, factor: Expression, power: float) -> bool:
    """x^2 beside log|x| or under tanh(x) is 0 before the product is; |x|^-1.5 overflows before a quarter of it does."""
    is_size = is_call(factor, "abs")
    if not (is_size or isinstance(factor, Variable)):
        return False
    if power < 0.0:
        return power <= -2.0 or (is_size and power % 1.0 > 0.0)
    return any(is_call(base, "log") for base, _ in product.factors)


def _to_power(m: Tensor | float, power: float) -> Tensor | float:
    if power == 1.0:
        return m
    if isinstance(m, float):
        return m**power
    if power == 0.5:
        return ops.sqrt(m)
    if power.is_integer() and power <= 8.0:
        half = _to_power(m, power // 2.0)
        return half * half * m if power % 2.0 else half * half
    if power == 1.5:
        return m * ops.sqrt(m)
    return ops.power(m, power)
