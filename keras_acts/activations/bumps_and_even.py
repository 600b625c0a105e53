"""Bumps, bowls and other even functions."""

from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

__all__ = [
    "gaussian",
    "multiquadric",
    "seagull",
    "square",
]


def _over_variance(x, sigma):
    """x / sigma^2, clipped: also because the graph optimiser would move a constant past the exponentials."""
    return ops.clip(x / (sigma * sigma), -nx.FAR / sigma, nx.FAR / sigma)


def _gaussian_curvature(x, sigma):
    bend = _over_variance(x - sigma, sigma) * _over_variance(x + sigma, sigma)  # x^2 - sigma^2 would cancel
    return nx.times_exp_fast(bend, -0.5 * ops.square(nx.near(x / sigma)))


@nx.with_derivative(_gaussian_curvature)
def _gaussian_slope(x, sigma):
    return nx.times_exp_fast(_over_variance(-x, sigma), -0.5 * ops.square(nx.near(x / sigma)))


@activation(
    formula=r"e^{-x^2 / (2 \sigma^2)}",
    paper="Chng et al. 2022",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.BOUNDED, Trait.EVEN},
    derivative=_gaussian_slope,
)
def gaussian(
    x: nx.Tensor, sigma: Annotated[float, Param("width of the bump", low=0.0, exclusive=True)] = 1.0
) -> nx.Tensor:
    """Gaussian bump, for coordinate networks such as neural radiance fields.

    f(x) = exp(-x^2 / (2 sigma^2))

    Fits high frequencies as `sin` does, without depending on a special initialization. Some frameworks mean exp(-x^2)
    by "gaussian": sigma = sqrt(1/2).

    Args:
        x: float tensor of any shape.
        sigma: float > 0, width of the bump.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(gaussian(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [0.6065, 1.0, 0.1353]

    Reference:
        Chng, Ramasinghe, Sherrah & Lucey 2022, Gaussian Activated Neural Radiance Fields for High Fidelity
        Reconstruction and Pose Estimation.
    """
    return ops.exp(-0.5 * ops.square(nx.near(x / sigma)))


def _square_curvature(x):
    return 2.0 * ops.ones_like(x)


@nx.with_derivative(_square_curvature)
def _square_slope(x):
    return 2.0 * x


@activation(
    formula=r"x^2",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.EVEN, Trait.SINGLE_ROUNDING},
    aliases={"dks": "square"},
    derivative=_square_slope,
)
def square(x: nx.Tensor) -> nx.Tensor:
    """Square, for polynomial networks and those that compute on encrypted data.

    f(x) = x^2

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf].

    Example:
        >>> np.asarray(square(np.array([-2.0, 0.5, 3.0]))).tolist()
        [4.0, 0.25, 9.0]
    """
    return ops.square(x)


def _multiquadric_argument(x, center, width):
    distance = x if center == 0.0 else x - center
    return distance, nx.clipped_for_square(distance if width == 1.0 else distance / width)


def _multiquadric_curvature(x, center, width):
    return nx.algebraic_sigmoid_derivative(_multiquadric_argument(x, center, width)[1], 1.0 / width)


@nx.with_derivative(_multiquadric_curvature)
def _multiquadric_slope(x, center, width):
    return nx.algebraic_sigmoid(_multiquadric_argument(x, center, width)[1])


@activation(
    formula=r"\sqrt{(x - a)^2 + b^2}",
    paper="Hardy 1971",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC},
    derivative=_multiquadric_slope,
)
def multiquadric(
    x: nx.Tensor,
    center: Annotated[float, Param("a, where the minimum is")] = 0.0,
    width: Annotated[float, Param("b, the minimum itself and the width of the bend", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Radial basis function that grows: a smooth absolute value.

    f(x) = sqrt((x - center)^2 + width^2)

    Args:
        x: float tensor of any shape.
        center: float, where the minimum is.
        width: float > 0, the minimum itself and the width of the bend.

    Returns:
        Tensor of the same shape and dtype as x, in [width, inf).

    Example:
        >>> np.asarray(multiquadric(np.array([-0.75, 0.0, 2.0]))).round(4).tolist()
        [1.25, 1.0, 2.2361]

    Reference:
        Hardy 1971, Multiquadric Equations of Topography and Other Irregular Surfaces.
    """
    distance, u = _multiquadric_argument(x, center, width)
    root = nx.square_and_root(u)[1]
    return ops.maximum(root if width == 1.0 else width * root, ops.abs(distance))  # |x - a| where u is clipped


VAST = 1e9  # beyond it 1 + x^2 is x^2 to the last bit of float64, and below it x^6 still fits into float32


def _seagull_curvature(x):
    c = ops.clip(x, -VAST, VAST)
    s = 1.0 + ops.square(c)
    return ops.where(ops.abs(x) < VAST, 2.0 * ((1.0 - c) * (1.0 + c) / s) / s, (-2.0 / x) / x)


@nx.with_derivative(_seagull_curvature)
def _seagull_slope(x):
    c = ops.clip(x, -VAST, VAST)
    return ops.where(ops.abs(x) < VAST, 2.0 * c / (1.0 + ops.square(c)), 2.0 / x)


@activation(
    formula=r"\log(1 + x^2)",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.EVEN},
    aliases={"echo": "Seagull"},
    derivative=_seagull_slope,
)
def seagull(x: nx.Tensor) -> nx.Tensor:
    """Even function that grows like a logarithm; its graph has the shape of a gull.

    f(x) = log(1 + x^2)

    For targets that do not depend on the sign of an input.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(seagull(np.array([-2.0, 0.0, 1.0]))).round(4).tolist()
        [1.6094, 0.0, 0.6931]
    """
    t = ops.abs(x)
    near = ops.log1p(ops.square(ops.minimum(t, VAST)))
    return ops.where(t < VAST, near, 2.0 * ops.log(ops.maximum(t, 1.0)))  # x^2 may overflow
