"""The value of an expression for a float32 or float64 tensor."""

import math
from collections.abc import Callable, Mapping
from functools import cached_property

import keras
import numpy as np
from keras import ops

from keras_acts.authoring import kernels, taylor
from keras_acts.authoring.algebra import call, factors_of, is_nonnegative, multiply, plain_sum, scale, terms_of
from keras_acts.authoring.cancellation import without_cancellation
from keras_acts.authoring.expression import Call, Expression, Number, Product, Sum, Variable
from keras_acts.authoring.scaled import Scale, Scaled, bounded, exponent
from keras_acts.core import numerics as nx
from keras_acts.core.derivatives import Tensor

_SELECTING = frozenset({"where", "sign", "step", "maximum", "minimum", "relu"})


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


_EXACT = frozenset({"abs", "relu", "sign", "step", "where", "<", "<="})


def _may_cancel(expression: Expression) -> bool:
    """Whether functions, roots or quotients meet in a sum, at the top or in a factor of it."""
    if isinstance(expression, Sum):
        summands = len(expression.terms) + bool(expression.constant)
        return summands > 1 and not all(_is_polynomial(term) for term, _ in expression.terms)
    return isinstance(expression, Product) and any(map(_may_cancel, expression.children))


def _is_polynomial(term: Expression) -> bool:
    whole = all(exponent > 0.0 and exponent.is_integer() for _, exponent in factors_of(term)[1])
    return whole and term.functions <= _EXACT


def _evaluate(expression: Expression, values: Mapping[str, Tensor]) -> Tensor:
    x = values["x"]
    result = _Evaluation(values).plain(expression)
    slope = taylor.slope_at_zero(expression)
    if slope is not None:
        is_tiny = ops.abs(x) < 2.0**24 * float(np.finfo(keras.backend.standardize_dtype(x.dtype)).tiny)
        result = ops.where(is_tiny, slope * x, result)
    if expression.variables != values.keys() or expression.functions & _SELECTING:
        result = ops.where(ops.isnan(x), x, result)  # also gives a constant the shape of x
    return result


class _Evaluation:
    """All values for one x; what the expression holds twice is computed once."""

    def __init__(self, values: Mapping[str, Tensor]) -> None:
        self._values = values
        self._scale = Scale(values["x"])
        self._known: dict[tuple[Expression, bool], Scaled] = {}
        self._rewritten: set[Expression] = set()

    @cached_property
    def _exponents(self) -> "_Evaluation":
        """The same for x so far clipped that exponents are finite; those inside of exponents share it."""
        bounds = _Evaluation({**self._values, "x": bounded(self._values["x"])})
        bounds._exponents = bounds
        return bounds

    def plain(self, expression: Expression) -> Tensor:
        """The value as one tensor; a Python number for a constant."""
        return self._scale.plain(self.scaled(expression, abs(expression.degree) >= 2.0))

    def scaled(self, expression: Expression, raised: bool) -> Scaled:
        """The value; if `raised`, x is on the way to a power and counts as X times its clipped value."""
        key = expression, raised
        if key not in self._known:
            self._known[key] = self._compute(expression, raised)
        return self._known[key]

    def _compute(self, expression: Expression, raised: bool) -> Scaled:
        match expression:
            case Number(value=value):
                return Scaled(value)
            case Variable(name="x") if raised:
                return self._scale.of_x()
            case Variable(name=name):
                return Scaled(self._values[name])
            case Sum():
                return self._sum(expression, raised)
            case Product():
                return self._product(expression, raised)
            case Call(name="where", arguments=(condition, a, b)):
                return self._select(condition, a, b, raised)
            case Call(name="maximum", arguments=(a, b)):
                return self._select(call("<", b, a), a, b, raised)
            case Call(name="minimum", arguments=(a, b)):
                return self._select(call("<", a, b), a, b, raised)
            case Call(name="power", arguments=(a, b)):
                return Scaled(ops.power(self.plain(a), self.plain(b)))
            case Call(name=("abs" | "relu"), arguments=(u,)):
                inner = self.scaled(u, raised or abs(u.degree) >= 2.0)
                m = ops.abs(inner.m) if expression.name == "abs" else ops.relu(inner.m)
                return Scaled(m, inner.k, inner.e, inner.decays)
            case Call(name=name, arguments=(u,)):
                return self._function(name, u, raised)
        raise AssertionError(f"no value of {expression!r}")

    def _holds(self, condition: Expression) -> Tensor:
        assert isinstance(condition, Call)
        left, right = (self.plain(side) for side in condition.arguments)
        return left < right if condition.name == "<" else left <= right

    def _select(self, condition: Expression, a: Expression, b: Expression, raised: bool) -> Scaled:
        return self._scale.select(self._holds(condition), self.scaled(a, raised), self.scaled(b, raised))

    def _sum(self, total: Sum, raised: bool) -> Scaled:
        better = None if total in self._rewritten else without_cancellation(total)
        if better is not None:
            self._rewritten.add(total)  # where it occurs in `better` itself, it does not cancel
            return self.scaled(better, raised)
        parts = [self.scaled(term, raised) for term, _ in total.terms]
        if not raised and any(part.k for part in parts):  # x must count alike in all terms
            return self._compute(total, True)
        if raised and any(_is_softplus_of_anything(term) for term, _ in total.terms):
            return self._compute(plain_sum(total.constant, _split_softplus(total)), True)
        scaled_parts = []
        for (_, coefficient), part in zip(total.terms, parts, strict=True):
            m = part.m if coefficient == 1.0 else -part.m if coefficient == -1.0 else coefficient * part.m
            scaled_parts.append(Scaled(m, part.k, part.e, part.decays))
        if total.constant:
            scaled_parts.append(Scaled(total.constant))
        found = self._scale.add(scaled_parts)
        series = taylor.where_it_vanishes(total)
        return found if series is None else self._near_zero(series, found)

    def _near_zero(self, series: taylor.Polynomial, elsewhere: Scaled) -> Scaled:
        """The polynomial near 0, where X is 1, so that every power of X goes with it."""
        x = self._values["x"]
        inner = ops.clip(x, -series.radius, series.radius)
        is_near = ops.abs(x) < series.radius
        m = ops.where(is_near, series(inner), elsewhere.m)
        e = None if elsewhere.e is None else ops.where(is_near, 0.0, elsewhere.e)
        return Scaled(m, elsewhere.k, e, elsewhere.decays)

    def _product(self, product: Product, raised: bool) -> Scaled:
        inside = self._inside_where(product)
        if inside is not None:
            return self.scaled(inside, raised)
        raised = raised or abs(product.degree) >= 2.0
        raised = raised or any(isinstance(base, Call) and base.name in _SELECTING for base, _ in product.factors)
        raised = raised or any(not -1.0 < factor.degree * power < 2.0 for factor, power in product.factors)
        above: list[Tensor] = []
        below: list[Tensor] = []
        k, e, decays = 0.0, None, True
        factors = list(product.factors)
        if abs(product.coefficient) < 1.0:  # x last: 0.1 x is 0 for a tiny x, though another factor may be 10
            factors.sort(key=lambda pair: isinstance(pair[0], Variable))
        for factor, power in factors:
            number = self.scaled(factor, raised)
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

    # ---- functions of one argument

    def _function(self, name: str, u: Expression, raised: bool) -> Scaled:
        if raised and name in ("softplus", "log_cosh"):
            inner = self.scaled(u, True)
            if inner.e is None and inner.k == 1.0:
                return self._grown(name, self._exponents.plain(u), inner.m)
        if name in ("sin", "cos"):
            return Scaled(self._wave(name, u))
        if name in ("log", "log1p"):
            number = self.scaled(u, abs(u.degree) >= 2.0)
            result = getattr(self, f"_{name}")(number)
            return result if number.e is None or number.decays else self._unclipped(result, u)
        if name == "exp":
            decays = _is_nonpositive(u)
            return Scaled(1.0, 0.0, exponent(self._exponents.plain(u)), decays)
        if name == "softplus":  # as large as its argument, which must not be clipped
            return kernels.softplus(self.plain(u), self._exponents.plain(u))
        if name in kernels.BY_EXPONENT:
            number = kernels.BY_EXPONENT[name](self._exponents.plain(u))
            inner = self._exponents.scaled(u, abs(u.degree) >= 2.0)
            if name not in ("expm1", "sinh") or inner.e is None:
                return number
            value = self._scale.plain(number)
            tiny = self._through_zero(lambda _: value, 1.0, inner)
            return self._scale.select(ops.abs(self._scale.plain(inner)) < 1.0, tiny, number)
        if name in kernels.THROUGH_ZERO:
            value, slope = kernels.THROUGH_ZERO[name]
            return self._through_zero(value, slope, self.scaled(u, abs(u.degree) >= 2.0))
        return Scaled(kernels.PLAIN[name](self.plain(u)))

    def _grown(self, name: str, u: Tensor, over_size: Tensor) -> Scaled:
        """softplus or log(cosh) as a multiple of X, from u and u / X: it is |u| or 0, and a small rest."""
        t = ops.abs(u)
        if name == "softplus":
            number = kernels.softplus(-t, -t)
            rest = self._scale.plain(number) / self._scale.size
            above = Scaled(ops.relu(over_size) + rest, 1.0)
            return self._scale.select(u < 0.0, Scaled(number.m / self._scale.size, 1.0, number.e, True), above)
        rest = kernels.log_cosh(u) - t  # without digits for t < 1
        m = ops.where(t < 1.0, kernels.log_cosh(u) / self._scale.size, ops.abs(over_size) + rest / self._scale.size)
        return Scaled(m, 1.0)

    def _through_zero(self, function: Callable[[Tensor], Tensor], slope: float, u: Scaled) -> Scaled:
        """A function with function(0) = 0 and the given slope there: a tiny argument keeps its exponent."""
        value = self._scale.plain(u)
        if u.e is None:
            return Scaled(function(value))
        quotient = ops.where(value == 0.0, slope, function(value) / ops.where(value == 0.0, 1.0, value))
        small = ops.abs(value) < 1.0
        m = ops.where(small, self._scale.to_power(u.m, u.k) * quotient, function(value))
        return Scaled(m, 0.0, ops.where(small, u.e, 0.0), u.decays)

    def _unclipped(self, logarithm: Scaled, u: Expression) -> Scaled:
        """The logarithm of a sum with exponentials where exponents were clipped: if they are linear in x, it goes on
        linearly.
        """
        if _steepest_exponent(u) != 1.0 or logarithm.k:
            return logarithm
        x = self._values["x"]
        further = ops.abs(x) / ops.abs(bounded(x))
        is_far = ops.logical_and(ops.abs(logarithm.m) > 1e6, further > 1.0)  # else it tends to a constant
        m = logarithm.m * ops.where(is_far, further, 1.0)
        return Scaled(m, 0.0, logarithm.e, logarithm.decays)

    def _log(self, u: Scaled) -> Scaled:
        value = ops.log(u.m)
        if u.k:
            value = value + u.k * ops.log(self._scale.size)
        return Scaled(value if u.e is None else value + u.e)

    def _log1p(self, u: Scaled) -> Scaled:
        if u.k:  # log(1 + m X^k) = log(X^-k + m) + k log X
            assert u.e is None or u.k > 0.0
            value = self._scale.plain(u)
            near = nx.log1p(value)
            if u.e is not None or u.k < 0.0:
                return self._through_zero(nx.log1p, 1.0, u) if u.decays else Scaled(near)
            far = ops.log(self._scale.to_power(1.0, -u.k) + u.m) + u.k * ops.log(self._scale.size)
            return Scaled(ops.where(ops.abs(self._values["x"]) <= 1.0, near, far))
        if u.e is None or u.decays:
            return self._through_zero(nx.log1p, 1.0, u)
        value = self._scale.plain(u)
        small = value < 1.0
        quotient = ops.where(value == 0.0, 1.0, nx.log1p(value) / ops.where(value == 0.0, 1.0, value))
        large = ops.log(ops.where(small, 1.0, u.m)) + u.e + nx.log1p(1.0 / ops.maximum(value, 1.0))
        return Scaled(ops.where(small, u.m * quotient, large), 0.0, ops.where(small, u.e, 0.0))

    def _wave(self, name: str, u: Expression) -> Tensor:
        """sin or cos; of a multiple of x without the rounding of that multiple, which is a large angle for large x."""
        w0, shift = _angle(u)
        if w0 is None:
            return (ops.sin if name == "sin" else ops.cos)(self.plain(u))
        x = self._values["x"]
        if shift:  # by the addition theorem
            sine, cosine = math.copysign(1.0, w0) * nx.sine(x, abs(w0)), nx.cosine(x, abs(w0))
            a, b = math.cos(shift), math.sin(shift)
            return a * sine + b * cosine if name == "sin" else a * cosine - b * sine
        return nx.cosine(x, abs(w0)) if name == "cos" else math.copysign(1.0, w0) * nx.sine(x, abs(w0))


def _angle(u: Expression) -> tuple[float | None, float]:
    """w0 and the constant of u = w0 x + constant; None for anything else."""
    constant, terms = terms_of(u)
    if len(terms) == 1 and isinstance(terms[0][0], Variable) and terms[0][0].name == "x":
        return terms[0][1], constant
    return None, 0.0


def _is_softplus_of_anything(term: Expression) -> bool:
    return isinstance(term, Call) and term.name == "softplus" and not _is_nonpositive(term.arguments[0])


def _split_softplus(total: Sum) -> dict[Expression, float]:
    """The terms with softplus(u) as relu(u) + softplus(-|u|): one part grows like x, the other one decays."""
    terms: dict[Expression, float] = {}
    for term, factor in total.terms:
        parts: tuple[Expression, ...] = (term,)
        if isinstance(term, Call) and _is_softplus_of_anything(term):
            u = term.arguments[0]
            parts = call("relu", u), call("softplus", scale(-1.0, call("abs", u)))
        for part in parts:
            weight, _ = factors_of(part)
            core = scale(1.0 / weight, part)
            terms[core] = terms.get(core, 0.0) + weight * factor
    return {term: factor for term, factor in terms.items() if factor}


def _steepest_exponent(u: Expression) -> float:
    """The largest degree of what an exponential is taken of."""
    own = u.arguments[0].degree if isinstance(u, Call) and (u.name == "exp" or u.name in kernels.BY_EXPONENT) else 0.0
    return max([own, *map(_steepest_exponent, u.children)])


def _is_nonpositive(u: Expression) -> bool:
    return is_nonnegative(scale(-1.0, u))


def _to_power(m: Tensor | float, power: float) -> Tensor | float:
    if power == 1.0:
        return m
    if isinstance(m, float):
        return m**power
    if power == 2.0:
        return ops.square(m)
    if power == 0.5:
        return ops.sqrt(m)
    if power.is_integer() and power <= 8.0:
        half = _to_power(m, power // 2.0)
        return half * half * m if power % 2.0 else half * half
    if power == 1.5:
        return m * ops.sqrt(m)
    return ops.power(m, power)
