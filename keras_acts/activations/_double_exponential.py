"""Gates that are a function of z = factor exp(rate x), most of them by way of exp(-z).

They decay doubly on one side: a factor that grows as fast as z must meet exp(-z) before that vanishes.
"""

import math

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops

TOP = 10.0  # beyond z = exp(10), exp(-z) is 0 in every dtype


def exponent_and_exp(x: nx.Tensor, factor: float = 1.0, rate: float = 1.0) -> tuple[nx.Tensor, nx.Tensor]:
    """u = rate x and z = factor exp(u), with u clipped to where exp(u) or exp(-z) is not 0."""
    u = ops.clip(x if rate == 1.0 else rate * x, -nx.FAR, TOP - math.log(factor))
    z = ops.exp(u)
    return u, z if factor == 1.0 else factor * z


def times_exp_minus(factor: nx.Tensor | float, u: nx.Tensor, decay: nx.Tensor) -> nx.Tensor:
    """factor exp(u) exp(-decay), for a decay of about exp(u) or more: only what grows is outside the exponential."""
    return nx.times_exp(factor * ops.exp(ops.maximum(u, 0.0)), ops.minimum(u, 0.0) - decay)


# The gate is G(z), and G / z does not vanish on the left, where x times it meets exp(u).


def gated(
    x: nx.Tensor, u: nx.Tensor, gate: nx.Tensor, quotient: nx.Tensor, factor: float = 1.0, rate: float = 1.0
) -> nx.Tensor:
    """x G(z), given G and G / z."""
    # The factor meets the quotient first: x times the quotient alone may be a subnormal number, which is read as 0.
    left = ops.clip(x, -nx.FAR / rate, 0.0) * (factor * quotient)
    return ops.where(x < 0.0, nx.times_exp(left, ops.minimum(u, 0.0)), x * gate)


def gated_derivative(
    u: nx.Tensor, z: nx.Tensor, gate: nx.Tensor, quotient: nx.Tensor, steepness: nx.Tensor, factor: float = 1.0
) -> nx.Tensor:
    """G + u z G', given G, G / z and the steepness G'."""
    bend = u * steepness
    left = factor * (quotient + bend)
    return ops.where(u < 0.0, nx.times_exp(left, ops.minimum(u, 0.0)), gate + z * bend)
