"""The functions of the grammar for tensors; those that decay or grow exponentially as scaled numbers."""

import math
from collections.abc import Callable

from keras import ops

from keras_acts.authoring.scaled import Scaled, exponent
from keras_acts.core import numerics as nx
from keras_acts.core.derivatives import Tensor


def _sigmoid(u: Tensor) -> Scaled:
    return Scaled(1.0 / (1.0 + ops.exp(-ops.abs(u))), 0.0, exponent(ops.minimum(u, 0.0)), True)


def softplus(u: Tensor, clipped: Tensor) -> Scaled:
    """log(1 + exp(u)); `clipped` is u so far clipped that it can be an exponent."""
    t = ops.exp(-ops.abs(u))
    quotient = nx.log1p_quotient(t)
    return Scaled(ops.where(u < 0.0, quotient, u + t * quotient), 0.0, exponent(ops.minimum(clipped, 0.0)), True)


def _sech(u: Tensor) -> Scaled:
    t = ops.abs(u)
    return Scaled(2.0 / (1.0 + ops.exp(-2.0 * t)), 0.0, exponent(-t), True)


def _cosh(u: Tensor) -> Scaled:
    t = ops.abs(u)
    return Scaled(0.5 + 0.5 * ops.exp(-2.0 * t), 0.0, exponent(t))


def _sinh(u: Tensor) -> Scaled:
    t = ops.abs(u)
    return Scaled(-0.5 * ops.sign(u) * nx.expm1(-2.0 * t), 0.0, exponent(t))


def _expm1(u: Tensor) -> Scaled:
    return Scaled(-ops.sign(u) * nx.expm1(-ops.abs(u)), 0.0, exponent(ops.maximum(u, 0.0)))


def _normal_cdf(u: Tensor) -> Scaled:
    t = nx.near(ops.abs(u))
    tail, e = nx.scaled_normal_tail(t), -0.5 * ops.square(t)
    below = u < 0.0
    return Scaled(ops.where(below, tail, 1.0 - ops.exp(e) * tail), 0.0, ops.where(below, e, 0.0), True)


BY_EXPONENT: dict[str, Callable[[Tensor], Scaled]] = {
    "sigmoid": _sigmoid,
    "sech": _sech,
    "cosh": _cosh,
    "sinh": _sinh,
    "expm1": _expm1,
    "normal_cdf": _normal_cdf,
}


def log_cosh(u: Tensor) -> Tensor:
    """log(cosh(u))."""
    t = ops.abs(u)
    inner = ops.minimum(t, 1.0)
    rise = ops.square(nx.expm1(-inner)) * ops.exp(inner)  # 2 (cosh(u) - 1)
    return ops.where(t < 1.0, nx.log1p(0.5 * rise), t + (nx.log1p_unit(ops.exp(-2.0 * t)) - math.log(2.0)))


def _asinh(u: Tensor) -> Tensor:
    t = ops.abs(u)
    inner = ops.minimum(t, 1e10)
    square = ops.square(inner)
    small = nx.log1p(inner + square / (1.0 + ops.sqrt(1.0 + square)))
    return ops.sign(u) * ops.where(t < 1e10, small, ops.log(t) + math.log(2.0))


THROUGH_ZERO: dict[str, tuple[Callable[[Tensor], Tensor], float]] = {
    "tanh": (nx.tanh, 1.0),
    "arctan": (nx.arctan, 1.0),
    "asinh": (_asinh, 1.0),
    "erf": (nx.erf, 2.0 / math.sqrt(math.pi)),
}
PLAIN: dict[str, Callable[[Tensor], Tensor]] = {
    "sign": ops.sign,
    "step": lambda u: ops.where(u > 0.0, ops.ones_like(u), 0.0),
    "log_cosh": log_cosh,
}
