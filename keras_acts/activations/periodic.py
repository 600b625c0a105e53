"""Waves, and functions with a wave in them. At +-inf, where a wave has no limit, they are NaN."""

from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

__all__ = [
    "cos",
    "gcu",
    "sin",
    "sinlu",
    "snake",
]


def _sin_curvature(x, w0):
    return -w0 * (w0 * nx.sine(x, w0))


@nx.with_derivative(_sin_curvature)
def _sin_slope(x, w0):
    return w0 * nx.cosine(x, w0)


@activation(
    formula=r"\sin(\omega_0 x)",
    paper="arXiv:2006.09661",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.BOUNDED, Trait.ODD, Trait.PERIODIC},
    aliases={"dks": "sin", "echo": ("Sine", "Siren(w0=30.0)")},
    derivative=_sin_slope,
)
def sin(x: nx.Tensor, w0: Annotated[float, Param("frequency", low=0.0, exclusive=True)] = 1.0) -> nx.Tensor:
    """Sine, for implicit neural representations of images, sounds and fields.

    f(x) = sin(w0 x)

    SIREN takes w0 = 30 and draws weights from +-sqrt(6 / n) / 30 (first layer +-1 / n); without such weights it trains
    badly. Some surveys mean sin(pi x) by "sine".

    Args:
        x: float tensor of any shape.
        w0: float > 0, frequency.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1]; NaN at +-inf, where there is no limit.

    Example:
        >>> np.asarray(sin(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.8415, 0.0, 0.9093]

    Reference:
        arXiv:2006.09661, Implicit Neural Representations with Periodic Activation Functions.
    """
    return nx.sine(x, w0)


def _cos_curvature(x):
    return -nx.cosine(x)


@nx.with_derivative(_cos_curvature)
def _cos_slope(x):
    return -nx.sine(x)


@activation(
    formula=r"\cos x",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.BOUNDED, Trait.EVEN, Trait.PERIODIC},
    aliases={"dks": "cos"},
    derivative=_cos_slope,
)
def cos(x: nx.Tensor) -> nx.Tensor:
    """Cosine: even and periodic; with random weights before it, random Fourier features.

    f(x) = cos(x)

    Some surveys mean 1 - cos(x) by "cosine".

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1]; NaN at +-inf, where there is no limit.

    Example:
        >>> np.asarray(cos(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [0.5403, 1.0, -0.4161]
    """
    return nx.cosine(x)


def _snake_curvature(x, frequency):
    # 2 cos(2z) = 2 (cos z - sin z)(cos z + sin z): 2z may overflow.
    sine, cosine = nx.sine(x, frequency), nx.cosine(x, frequency)
    return 2.0 * frequency * (cosine - sine) * (cosine + sine)


@nx.with_derivative(_snake_curvature)
def _snake_slope(x, frequency):
    # 1 + sin(2z) cancels where it is small; it is (sin z + cos z)^2.
    return ops.square(nx.sine(x, frequency) + nx.cosine(x, frequency))


@activation(
    formula=r"x + \frac{\sin^2(a x)}{a}",
    paper="arXiv:2006.08195",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.PERIODIC},
    aliases={"tfa": "snake"},
    derivative=_snake_slope,
)
def snake(
    x: nx.Tensor, frequency: Annotated[float, Param("frequency of the ripple", low=0.0, exclusive=True)] = 1.0
) -> nx.Tensor:
    """A ramp with a ripple, for learning periodic functions beyond the data.

    f(x) = x + sin(frequency x)^2 / frequency

    A wide range of frequencies helps: 5 to 50 for periodic data, small ones otherwise.

    Args:
        x: float tensor of any shape.
        frequency: float > 0, frequency of the ripple.

    Returns:
        Tensor of the same shape and dtype as x; NaN at +-inf, where there is no limit.

    Example:
        >>> np.asarray(snake(np.array([-1.0, 0.0, 1.0]))).round(4).tolist()
        [-0.2919, 0.0, 1.7081]

    Reference:
        arXiv:2006.08195, Neural Networks Fail to Learn Periodic Functions and How to Fix It.
    """
    return x + ops.square(nx.sine(x, frequency)) / frequency


def _gcu_curvature(x):
    return -2.0 * nx.sine(x) - x * nx.cosine(x)


@nx.with_derivative(_gcu_curvature)
def _gcu_slope(x):
    return nx.cosine(x) - x * nx.sine(x)


@activation(
    formula=r"x \cos x",
    paper="arXiv:2108.12943",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.ODD, Trait.SELF_GATED, Trait.PERIODIC},
    derivative=_gcu_slope,
)
def gcu(x: nx.Tensor) -> nx.Tensor:
    """Growing cosine unit: oscillates with growing amplitude, so that a single unit can learn XOR.

    f(x) = x cos(x)

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x; NaN at +-inf, where there is no limit.

    Example:
        >>> np.asarray(gcu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.5403, 0.0, -0.8323]

    Reference:
        arXiv:2108.12943, Growing Cosine Unit: A Novel Oscillatory Activation Function That Can Speedup Training and
        Reduce Parameters in Convolutional Neural Networks.
    """
    return x * nx.cosine(x)


def _few_roundings(function):
    """sinlu or a derivative, in float64 where the wave outweighs the ramp: its sums then cancel over and over."""

    def chosen(x, alpha, beta):
        return (nx.in_float64(function) if alpha * beta > 1.0 else function)(x, alpha, beta)

    return chosen


def _sinlu_parts(x, alpha, beta):
    """exp(-|x| / 2), its square, x + alpha sin(beta x) and its derivative, and sin(beta x)."""
    # 1 + alpha beta cos z cancels where it is small.
    gain = alpha * beta
    rise = (1.0 - gain) + 2.0 * gain * ops.square(nx.cosine(x, 0.5 * beta))
    sine = nx.sine(x, beta)
    h = nx.half_decay(x)
    return h, ops.square(h), nx.near(x) + alpha * sine, rise, sine


@_few_roundings
def _sinlu_curvature(x, alpha, beta):
    h, e, wave, rise, sine = _sinlu_parts(x, alpha, beta)
    bend = -alpha * beta * beta * (1.0 + e) * sine
    turn = 2.0 * rise - wave * ops.tanh(0.5 * x)
    return ops.where(x < 0.0, h * (h * (bend + turn)), bend + e * turn) / (1.0 + e * (2.0 + e))


@nx.with_derivative(_sinlu_curvature)
@_few_roundings
def _sinlu_slope(x, alpha, beta):
    h, e, wave, rise, _ = _sinlu_parts(x, alpha, beta)
    opening = (1.0 + e) * rise
    return ops.where(x < 0.0, h * (h * (opening + wave)), opening + e * wave) / (1.0 + e * (2.0 + e))


@_few_roundings
def _sinlu(x, alpha, beta):
    h = nx.half_decay(x)
    sine = alpha * nx.sine(x, beta)
    value = ops.where(x < 0.0, h * (h * (nx.near(x) + sine)), x + sine) / (1.0 + ops.square(h))
    return ops.where(ops.abs(x) < 1e-30, (0.5 + 0.5 * alpha * beta) * x, value)  # two terms underflow early


@activation(
    formula=r"(x + \alpha \sin(\beta x)) \sigma(x)",
    paper="Paul et al. 2022",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.PERIODIC},
    derivative=_sinlu_slope,
)
def sinlu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("amplitude of the sine", low=0.0)] = 1.0,
    beta: Annotated[float, Param("frequency of the sine", low=0.0, high=64.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Silu with a sine on top, for signals with a period.

    f(x) = (x + alpha sin(beta x)) sigmoid(x)

    The paper trains both parameters, from 1.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0, amplitude of the sine.
        beta: float in (0, 64), frequency of the sine.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(sinlu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.4952, 0.0, 2.5625]

    Reference:
        Paul et al. 2022, SinLU: Sinu-Sigmoidal Linear Unit.
    """
    return _sinlu(x, alpha, beta)
