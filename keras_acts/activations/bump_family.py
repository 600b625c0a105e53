"""Bumps: largest at 0, vanishing on both sides."""

from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _over_variance(x, sigma):
    """x / sigma^2, clipped: also because the graph optimiser would move a constant past the exponentials."""
    return ops.clip(x / (sigma * sigma), -nx.FAR / sigma, nx.FAR / sigma)


def _gaussian_curvature(x, sigma):
    bend = _over_variance(x - sigma, sigma) * _over_variance(x + sigma, sigma)  # x^2 - sigma^2 would cancel
    return nx.scaled_exp(bend, -0.5 * ops.square(nx.near(x / sigma)))


@nx.with_derivative(_gaussian_curvature)
def _gaussian_slope(x, sigma):
    return nx.scaled_exp(_over_variance(-x, sigma), -0.5 * ops.square(nx.near(x / sigma)))


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
