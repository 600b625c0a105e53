"""Values of functions of one argument. Where the argument may be huge or tiny, it comes as a scaled number."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property

from keras_acts.authoring.formula import kernels, near_zero
from keras_acts.authoring.formula.cancellation import without_cancellation
from keras_acts.authoring.formula.canonical import add, scale
from keras_acts.authoring.formula.collecting import is_nonnegative, number, terms_of
from keras_acts.authoring.formula.computations import COMPUTATIONS, ByExponent, ThroughZero
from keras_acts.authoring.formula.expression import Call, Expression, Sum, Variable
from keras_acts.authoring.formula.scaled import Scale, Scaled, bounded, exponent
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor


class Functions(ABC):
    """Functions at one x: what their arguments are, says the subclass.

    Args:
        values: x and the parameters that are tensors.
    """

    def __init__(self, values: Mapping[str, Tensor]) -> None:
        self._values = values
        self._scale = Scale(values["x"])

    @abstractmethod
    def scaled(self, expression: Expression, raised: bool) -> Scaled:
        """The value of any expression; `raised`: as (x / X) X, so that powers of x cannot overflow."""

    def plain(self, expression: Expression) -> Tensor:
        """The value as one tensor; a Python number for a constant."""
        return self._scale.plain(self._argument(expression))

    def _argument(self, u: Expression) -> Scaled:
        return self.scaled(u, abs(u.degree) >= 2.0)

    @cached_property
    def _exponents(self) -> "Functions":
        """The same for x so far clipped that exponents are finite; those inside of exponents share it."""
        bounds = type(self)({**self._values, "x": bounded(self._values["x"])})
        bounds._exponents = bounds
        return bounds

    def function(self, name: str, u: Expression, raised: bool) -> Scaled:
        """The value of a function of u."""
        match COMPUTATIONS[name].kernel:
            case ByExponent() as kernel:
                return self._by_exponent(kernel, u)
            case ThroughZero() as kernel:
                return self._through_zero(kernel, self._argument(u))
            case kernel if kernel is not None and not (raised and name == "log_cosh"):
                return Scaled(kernel(self.plain(u)))
        match name:
            case "abs" | "relu":
                inner = self.scaled(u, raised or abs(u.degree) >= 2.0)
                m = ops.abs(inner.m) if name == "abs" else ops.relu(inner.m)
                return Scaled(m, inner.k, inner.e, inner.decays)
            case "softplus" | "log_cosh":
                return self._softplus_or_log_cosh(name, u, raised)
            case "sin" | "cos":
                return Scaled(self._wave(name, u))
            case "exp":
                return Scaled(1.0, 0.0, exponent(self._exponents.plain(u)), is_nonnegative(scale(-1.0, u)))
            case "log" | "log1p":
                inner = self._argument(u)
                result = self._log(inner) if name == "log" else self._log1p(inner)
                if inner.e is not None and not inner.decays:
                    result = self._unclipped(result, u)
                if name == "log1p":
                    return result
                less_one = add(u, number(-1.0))
                cancels = isinstance(less_one, Sum) and without_cancellation(less_one) is not None
                if not (cancels or near_zero.is_one_at_zero(u)):
                    return result
                beside_one = self._log1p(self._argument(less_one))
                return self._scale.select(ops.abs(self._scale.plain(inner) - 1.0) < 0.5, beside_one, result)
        raise AssertionError(f"no value of {name!r}")

    def _by_exponent(self, kernel: ByExponent, u: Expression) -> Scaled:
        found = kernel.value(self._exponents.plain(u))
        inner = self._exponents._argument(u)
        if not kernel.follows_zero or inner.e is None:
            return found
        value = self._scale.plain(found)
        tiny = self._through_zero(ThroughZero(lambda _: value), inner)
        return self._scale.select(ops.abs(self._scale.plain(inner)) < 1.0, tiny, found)

    def _through_zero(self, kernel: ThroughZero, u: Scaled) -> Scaled:
        """f(u), where a tiny u keeps its exponent."""
        argument = self._scale.plain(u)
        value = kernel.value(argument)
        if u.e is None:
            return Scaled(value)
        quotient = ops.where(argument == 0.0, kernel.derivative, value / ops.where(argument == 0.0, 1.0, argument))
        small = ops.abs(argument) < 1.0
        m = ops.where(small, self._scale.to_power(u.m, u.k) * quotient, value)
        return Scaled(m, 0.0, ops.where(small, u.e, 0.0), u.decays)

    def _softplus_or_log_cosh(self, name: str, u: Expression, raised: bool) -> Scaled:
        clipped = self._exponents.plain(u)
        inner = self.scaled(u, True) if raised else None
        if inner is None or inner.e is not None or inner.k != 1.0:
            if name == "softplus":  # as large as its argument, which must not be clipped
                return kernels.softplus(self.plain(u), clipped)
            return Scaled(kernels.log_cosh(self.plain(u)))
        # As a multiple of X, from u and u / X: it is |u| or 0, and a small rest.
        size, t = self._scale.size, ops.abs(clipped)
        if name == "softplus":
            below = kernels.softplus(-t, -t)
            above = Scaled(ops.relu(inner.m) + self._scale.plain(below) / size, 1.0)
            return self._scale.select(clipped < 0.0, Scaled(below.m / size, 1.0, below.e, True), above)
        value = kernels.log_cosh(clipped)  # its difference from t has no digits for t < 1
        return Scaled(ops.where(t < 1.0, value / size, ops.abs(inner.m) + (value - t) / size), 1.0)

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
        if u.e is None and u.k > 0.0:  # log(1 + m X^k) = log(X^-k + m) + k log X
            near = nx.log1p(self._scale.plain(u))
            far = ops.log(self._scale.to_power(1.0, -u.k) + u.m) + u.k * ops.log(self._scale.size)
            return Scaled(ops.where(ops.abs(self._values["x"]) <= 1.0, near, far))
        if u.decays or (u.e is None and not u.k):
            return self._through_zero(ThroughZero(nx.log1p), u)
        value = self._scale.plain(u)
        if u.k:
            return Scaled(nx.log1p(value))
        small = value < 1.0
        quotient = ops.where(value == 0.0, 1.0, nx.log1p(value) / ops.where(value == 0.0, 1.0, value))
        large = ops.log(ops.where(small, 1.0, u.m)) + u.e + nx.log1p(1.0 / ops.maximum(value, 1.0))
        return Scaled(ops.where(small, u.m * quotient, large), 0.0, ops.where(small, u.e, 0.0))

    def _wave(self, name: str, u: Expression) -> Tensor:
        """sin or cos; of a multiple of x without the rounding of that multiple, which is a large angle for large x."""
        match terms_of(u):
            case shift, [(Variable(name="x"), w0)]:
                x, sign = self._values["x"], math.copysign(1.0, w0)
                period = 2.0 * math.pi / abs(w0)
                if period in (1.0, 2.0, 4.0):  # pi is meant, of which w0 has 53 bits
                    x = x - period * ops.round(x / period)
                if not shift:
                    return nx.cosine(x, abs(w0)) if name == "cos" else sign * nx.sine(x, abs(w0))
                # By the addition theorem.
                sine, cosine = sign * nx.sine(x, abs(w0)), nx.cosine(x, abs(w0))
                a, b = math.cos(shift), math.sin(shift)
                return a * sine + b * cosine if name == "sin" else a * cosine - b * sine
        return (ops.sin if name == "sin" else ops.cos)(self.plain(u))


def _steepest_exponent(u: Expression) -> float:
    """The largest degree of what an exponential is taken of."""
    is_exponential = isinstance(u, Call) and (
        u.name == "exp" or (u.name in COMPUTATIONS and isinstance(COMPUTATIONS[u.name].kernel, ByExponent))
    )
    return max([u.children[0].degree if is_exponential else 0.0, *map(_steepest_exponent, u.children)])
