"""ReLUs with one half replaced: a wave, a logarithm, a gate."""

import functools
import math
from typing import Annotated

from keras import ops

from keras_acts.activations.swish_family import silu_curvature, silu_slope
from keras_acts.core import angle
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


@functools.cache
def _sine_relu_kink(epsilon):
    """Where x = epsilon (sin x - cos x); the iteration contracts for epsilon <= 0.5."""
    x = 0.0
    for _ in range(80):
        x = epsilon * (math.sin(x) - math.cos(x))
    return x + 0.0  # not -0


def _sine_relu_curvature(x, epsilon):
    wave = epsilon * (angle.cosine(x) - angle.sine(x))
    return ops.where(x > _sine_relu_kink(epsilon), 0.0, wave)


@nx.with_derivative(_sine_relu_curvature)
def _sine_relu_slope(x, epsilon):
    wave = epsilon * (angle.cosine(x) + angle.sine(x))
    return ops.where(x > _sine_relu_kink(epsilon), 1.0, wave)


@activation(
    formula=r"\max(x, \epsilon (\sin x - \cos x))",
    paper="Rodrigues 2018",
    traits={Trait.NON_MONOTONIC, Trait.PERIODIC},
    aliases={"keras_contrib": "SineReLU(epsilon=0.0025)"},
    derivative=_sine_relu_slope,
    kinks=lambda epsilon: (_sine_relu_kink(epsilon),),
)
def sine_relu(
    x: nx.Tensor, epsilon: Annotated[float, Param("amplitude of the wave", low=0.0, high=0.5)] = 0.0025
) -> nx.Tensor:
    """ReLU with a small wave in place of the zero half, so that its units do not die.

    f(x) = max(x, epsilon (sin x - cos x))

    As in keras-contrib; some ports take the wave for all x <= 0, which jumps at 0. The derivative at the kink, near
    -epsilon, is that of the wave.

    Args:
        x: float tensor of any shape.
        epsilon: float in [0, 0.5], amplitude of the wave.

    Returns:
        Tensor of the same shape and dtype as x; NaN at +-inf, where the wave has no limit.

    Example:
        >>> np.asarray(sine_relu(np.array([-2.0, 0.0, 3.0]))).round(4).tolist()
        [-0.0012, 0.0, 3.0]

    Reference:
        Rodrigues 2018, SineReLU: An Alternative to the ReLU Activation Function.
    """
    wave = epsilon * (angle.sine(x) - angle.cosine(x))
    return ops.where(ops.abs(x) <= nx.largest(x), ops.maximum(x, wave), wave)  # XLA's maximum of inf and NaN is inf


def _nl_relu_curvature(x, beta):
    return -ops.square(_nl_relu_slope(x, beta=beta))


@nx.with_derivative(_nl_relu_curvature)
def _nl_relu_slope(x, beta):
    rectified = ops.relu(x)
    # beta x overflows for beta > 1, x / beta does not.
    slope = beta / (1.0 + beta * rectified) if beta <= 1.0 else 1.0 / (1.0 / beta + rectified)
    return ops.where(x > 0.0, slope, 0.0)


@activation(
    formula=r"\log(1 + \beta \max(x, 0))",
    paper="arXiv:1908.03682",
    traits={Trait.MONOTONIC, Trait.SPARSE},
    aliases={"echo": "NLReLU(beta=1.0)"},
    derivative=_nl_relu_slope,
    kinks=(0.0,),
)
def nl_relu(x: nx.Tensor, beta: Annotated[float, Param("slope at 0", low=0.0, exclusive=True)] = 1.0) -> nx.Tensor:
    """Natural logarithm of ReLU: compresses large activations.

    f(x) = log(1 + beta max(x, 0))

    The derivative at 0 is 0.

    Args:
        x: float tensor of any shape.
        beta: float > 0, slope at 0.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(nl_relu(np.array([-2.0, 0.5, 9.0]))).round(4).tolist()
        [0.0, 0.4055, 2.3026]

    Reference:
        arXiv:1908.03682, Natural-Logarithm-Rectified Activation Function in Convolutional Neural Networks.
    """
    rectified = ops.relu(x)
    if beta <= 1.0:
        return ops.log1p(beta * rectified)
    far = math.log(beta) + ops.log(1.0 / beta + ops.maximum(rectified, 1.0))  # beta x may overflow
    return ops.where(x > 1.0, far, ops.log1p(beta * ops.minimum(rectified, 1.0)))


def _flatten_t_swish_curvature(x, T):  # noqa: N803
    return ops.where(x > 0.0, silu_curvature(ops.relu(x)), 0.0)


@nx.with_derivative(_flatten_t_swish_curvature)
def _flatten_t_swish_slope(x, T):  # noqa: N803
    return ops.where(x > 0.0, silu_slope(ops.relu(x)), 0.0)


@activation(
    formula=r"\max(x, 0) \, \sigma(x) + T",
    paper="arXiv:1812.06247",
    traits={Trait.MONOTONIC},
    derivative=_flatten_t_swish_slope,
    kinks=(0.0,),
)
def flatten_t_swish(
    x: nx.Tensor,
    T: Annotated[float, Param("output for x <= 0")] = -0.2,  # noqa: N803
) -> nx.Tensor:
    """Swish for positive inputs, a negative constant for the others.

    f(x) = max(x, 0) sigmoid(x) + T

    Echo leaves T out. The derivative at 0 is 0.

    Args:
        x: float tensor of any shape.
        T: float, output for x <= 0.

    Returns:
        Tensor of the same shape and dtype as x, in [T, inf).

    Example:
        >>> np.asarray(flatten_t_swish(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2, -0.2, 1.5616]

    Reference:
        arXiv:1812.06247, Flatten-T Swish: A Thresholded ReLU-Swish-like Activation Function for Deep Learning.
    """
    rectified = ops.relu(x)
    return nx.gated(rectified, rectified) + T
