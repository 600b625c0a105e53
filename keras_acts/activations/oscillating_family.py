"""Sine, cosine and the growing cosine. At +-inf, where they have no limit, they are NaN."""

import math
from typing import Annotated

import keras
from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declaration import Param, Trait, activation

# Half of the digits of each dtype: the product of two numbers with so many is exact.
_HALF_DIGITS = {"float64": 26, "float32": 12}


def _angle(x, w0):
    """a and b with a + b = w0 x, or a and None.

    Rounding w0 x to one number costs the sine all its digits at large x. Here a is an exact product of leading digits.
    """
    if w0 == 1.0:
        return x, None
    digits = _HALF_DIGITS[keras.backend.standardize_dtype(x.dtype)]
    # Where a product would overflow, some smaller angle: the numbers lie further apart there than any period.
    room = 2.0 ** (2 * digits) * max(w0, 1.0)
    x = ops.where(ops.abs(x) < nx.largest(x) / room, x, x / room)
    mantissa, exponent = math.frexp(w0)
    if mantissa == 0.5:
        return w0 * x, None
    leading_w0 = math.ldexp(math.floor(math.ldexp(mantissa, digits - 1)), exponent - digits + 1)
    raised = x * (2.0 ** (digits + (digits == 26)) + 1.0)  # Veltkamp's split
    leading = raised - (raised - x)
    rest = (x - leading) * leading_w0 + x * (w0 - leading_w0)
    tiny = ops.abs(x) < 1e-20  # there the lesser digits fall below the smallest normal number
    return ops.where(tiny, w0 * x, leading * leading_w0), ops.where(tiny, 0.0, rest)


def _sin(x, w0):
    a, b = _angle(x, w0)
    return ops.sin(a) if b is None else ops.sin(a) * ops.cos(b) + ops.cos(a) * ops.sin(b)


def _sin_curvature(x, w0):
    return -w0 * (w0 * _sin(x, w0))


@nx.with_derivative(_sin_curvature)
def _sin_slope(x, w0):
    a, b = _angle(x, w0)
    return w0 * (ops.cos(a) if b is None else ops.cos(a) * ops.cos(b) - ops.sin(a) * ops.sin(b))


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
    return _sin(x, w0)


def _cos_curvature(x):
    return -ops.cos(x)


@nx.with_derivative(_cos_curvature)
def _cos_slope(x):
    return -ops.sin(x)


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
    return ops.cos(x)


def _gcu_curvature(x):
    return -2.0 * ops.sin(x) - x * ops.cos(x)


@nx.with_derivative(_gcu_curvature)
def _gcu_slope(x):
    return ops.cos(x) - x * ops.sin(x)


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
    return x * ops.cos(x)
