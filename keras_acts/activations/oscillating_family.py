"""Sine, cosine and the growing cosine. At +-inf, where they have no limit, they are NaN."""

from typing import Annotated

from keras_acts.core import angle
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _sin_curvature(x, w0):
    return -w0 * (w0 * angle.sine(x, w0))


@nx.with_derivative(_sin_curvature)
def _sin_slope(x, w0):
    return w0 * angle.cosine(x, w0)


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
    return angle.sine(x, w0)


def _cos_curvature(x):
    return -angle.cosine(x)


@nx.with_derivative(_cos_curvature)
def _cos_slope(x):
    return -angle.sine(x)


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
    return angle.cosine(x)


def _gcu_curvature(x):
    return -2.0 * angle.sine(x) - x * angle.cosine(x)


@nx.with_derivative(_gcu_curvature)
def _gcu_slope(x):
    return angle.cosine(x) - x * angle.sine(x)


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
    return x * angle.cosine(x)
