"""The functions of the grammar for tensors; those that decay or grow exponentially as scaled numbers."""

import math

from keras_acts.authoring.formula.scaled import Scaled, exponent
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor


def sigmoid(u: Tensor) -> Scaled:
    """1 / (1 + exp(-u))."""
    return Scaled(1.0 / (1.0 + ops.exp(-ops.abs(u))), 0.0, exponent(ops.minimum(u, 0.0)), True)


def softplus(u: Tensor, clipped: Tensor) -> Scaled:
    """log(1 + exp(u)); `clipped` is u so far clipped that it can be an exponent."""
    t = ops.exp(-ops.abs(u))
    quotient = nx.log1p_quotient(t)
    return Scaled(ops.where(u < 0.0, quotient, u + t * quotient), 0.0, exponent(ops.minimum(clipped, 0.0)), True)


def sech(u: Tensor) -> Scaled:
    """1 / cosh(u)."""
    t = ops.abs(u)
    return Scaled(2.0 / (1.0 + ops.exp(-2.0 * t)), 0.0, exponent(-t), True)


def cosh(u: Tensor) -> Scaled:
    """(exp(u) + exp(-u)) / 2."""
    t = ops.abs(u)
    return Scaled(0.5 + 0.5 * ops.exp(-2.0 * t), 0.0, exponent(t))


def sinh(u: Tensor) -> Scaled:
    """(exp(u) - exp(-u)) / 2."""
    t = ops.abs(u)
    return Scaled(-0.5 * ops.sign(u) * nx.expm1(-2.0 * t), 0.0, exponent(t))


def expm1(u: Tensor) -> Scaled:
    """exp(u) - 1."""
    return Scaled(-ops.sign(u) * nx.expm1(-ops.abs(u)), 0.0, exponent(ops.maximum(u, 0.0)))


def normal_cdf(u: Tensor) -> Scaled:
    """The standard normal CDF."""
    t = ops.minimum(ops.abs(u), 0.01 * math.sqrt(nx.largest(u)))  # its square is an exponent as large as any other
    tail, e = nx.scaled_normal_tail(nx.near(t)), -0.5 * ops.square(t)
    below = u < 0.0
    return Scaled(ops.where(below, tail, 1.0 - ops.exp(e) * tail), 0.0, ops.where(below, e, 0.0), True)


def log_cosh(u: Tensor) -> Tensor:
    """log(cosh(u))."""
    t = ops.abs(u)
    inner = ops.minimum(t, 1.0)
    rise = ops.square(nx.expm1(-inner)) * ops.exp(inner)  # 2 (cosh(u) - 1)
    return ops.where(t < 1.0, nx.log1p(0.5 * rise), t + (nx.log1p_unit(ops.exp(-2.0 * t)) - math.log(2.0)))


def asinh(u: Tensor) -> Tensor:
    """log(u + sqrt(u^2 + 1))."""
    t = ops.abs(u)
    inner = ops.minimum(t, 1e10)
    square = ops.square(inner)
    small = nx.log1p(inner + square / (1.0 + ops.sqrt(1.0 + square)))
    return ops.sign(u) * ops.where(t < 1e10, small, ops.log(t) + math.log(2.0))


def heaviside(u: Tensor) -> Tensor:
    """1 for u > 0, else 0."""
    return ops.where(u > 0.0, ops.ones_like(u), 0.0)
