"""Bumps, bowls and other even functions."""

from typing import Annotated

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

__all__ = ["gaussian", "multiquadric", "seagull", "square"]


def _over_variance(x: nx.Tensor, sigma: float) -> nx.Tensor:
    """x / sigma^2, clipped: 0 * inf would be NaN, and its constant factor stays inside (see core.numerics)."""
    return ops.clip(x / (sigma * sigma), -nx.FAR / sigma, nx.FAR / sigma)


@activation(formula="exp(-x**2 / (2 * sigma**2))", traits={"smooth", "non_monotonic", "bounded", "even"})
def gaussian(x: nx.Tensor, sigma: Annotated[float, positive("width of the bump")] = 1.0) -> nx.Tensor:
    """Gaussian bump, for coordinate networks such as neural radiance fields.

    Fits high frequencies as `sin` does, without depending on a special initialization. Some frameworks mean exp(-x^2)
    by "gaussian": sigma = sqrt(1/2).

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(gaussian(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [0.6065, 1.0, 0.1353]

    Reference:
        Chng et al. 2022, Gaussian Activated Neural Radiance Fields for High Fidelity Reconstruction and
        Pose Estimation.
    """
    return ops.exp(-0.5 * ops.square(nx.near(x / sigma)))


@gaussian.derivative
def _(x: nx.Tensor, sigma: float) -> nx.Tensor:
    return nx.times_exp_fast(_over_variance(-x, sigma), -0.5 * ops.square(nx.near(x / sigma)))


@gaussian.second_derivative
def _(x: nx.Tensor, sigma: float) -> nx.Tensor:
    # Not (square - 1) peak, whose constant would be moved out of the product: see core.numerics.
    square, peak = ops.square(nx.near(x / sigma)), 1.0 / sigma / sigma
    return nx.times_exp_fast(peak * square - peak, -0.5 * square)


@activation(formula="x**2", traits={"smooth", "non_monotonic", "even", "single_rounding"}, aliases={"dks": "square"})
def square(x: nx.Tensor) -> nx.Tensor:
    """Square, for polynomial networks and those that compute on encrypted data.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf].

    Example:
        >>> np.asarray(square(np.array([-2.0, 0.5, 3.0]))).tolist()
        [4.0, 0.25, 9.0]
    """
    return ops.square(x)


square.derivative(lambda x: 2.0 * x)
square.second_derivative(lambda x: 2.0 * ops.ones_like(x))


@activation(formula="sqrt((x - center)**2 + width**2)", traits={"smooth", "non_monotonic"})
def multiquadric(
    x: nx.Tensor,
    center: Annotated[float, Param("where the minimum is")] = 0.0,
    width: Annotated[float, positive("the minimum itself and the width of the bend")] = 1.0,
) -> nx.Tensor:
    """Radial basis function that grows: a smooth absolute value.

    Returns:
        Tensor of the same shape and dtype as x, in [width, inf).

    Example:
        >>> np.asarray(multiquadric(np.array([-0.75, 0.0, 2.0]))).round(4).tolist()
        [1.25, 1.0, 2.2361]

    Reference:
        Hardy 1971, Multiquadric Equations of Topography and Other Irregular Surfaces.
    """
    return nx.hypotenuse(x - center if center else x, width)


def _multiquadric_argument(x: nx.Tensor, center: float, width: float) -> nx.Tensor:
    distance = x - center if center else x
    return nx.clipped_for_square(distance if width == 1.0 else distance / width)


multiquadric.derivative(lambda x, center, width: nx.algebraic_sigmoid(_multiquadric_argument(x, center, width)))


@multiquadric.second_derivative
def _(x: nx.Tensor, center: float, width: float) -> nx.Tensor:
    return nx.algebraic_sigmoid_derivative(_multiquadric_argument(x, center, width), 1.0 / width)


VAST = 1e9  # beyond it 1 + x^2 is x^2 to the last bit of float64, and below it x^6 still fits into float32


@activation(formula="log(1 + x**2)", traits={"smooth", "non_monotonic", "even"}, aliases={"echo": "Seagull"})
def seagull(x: nx.Tensor) -> nx.Tensor:
    """Even function that grows like a logarithm; its graph has the shape of a gull.

    For targets that do not depend on the sign of an input.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(seagull(np.array([-2.0, 0.0, 1.0]))).round(4).tolist()
        [1.6094, 0.0, 0.6931]
    """
    t = ops.abs(x)
    near = nx.log1p(ops.square(ops.minimum(t, VAST)))
    return ops.where(t < VAST, near, 2.0 * ops.log(ops.maximum(t, 1.0)))  # x^2 may overflow


@seagull.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    c, far = ops.clip(x, -VAST, VAST), ops.where(ops.abs(x) < VAST, VAST, x)  # no division by 0 for autodiff
    return ops.where(ops.abs(x) < VAST, 2.0 * c / (1.0 + ops.square(c)), 2.0 / far)


@seagull.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    c, far = ops.clip(x, -VAST, VAST), ops.maximum(ops.abs(x), VAST)
    s = 1.0 + ops.square(c)
    return ops.where(ops.abs(x) < VAST, 2.0 * ((1.0 - c) * (1.0 + c) / s) / s, (-2.0 / far) / far)
