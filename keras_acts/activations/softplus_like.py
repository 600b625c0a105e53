"""Softplus and its kin: smooth rectifiers, without a gate."""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

__all__ = [
    "bent_identity",
    "shifted_softplus",
    "softplus",
    "sparse_plus",
    "sqrt_softplus",
    "squareplus",
]


def _softplus_curvature(x, beta, threshold):
    curvature = nx.times_sigmoid_derivative(beta, beta * x)
    return curvature if threshold is None else ops.where(beta * x > threshold, 0.0, curvature)


@nx.with_derivative(_softplus_curvature)
def _softplus_slope(x, beta, threshold):
    slope = ops.sigmoid(beta * x)
    return slope if threshold is None else ops.where(beta * x > threshold, 1.0, slope)


@activation(
    formula=r"\frac{1}{\beta} \log(1 + e^{\beta x})",
    paper="Dugas et al. 2001",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={
        "keras": "softplus",
        "tf": "softplus",
        "torch": "Softplus(beta=1.0, threshold=20.0)",
        "jax": "softplus",
        "flax": "softplus",
    },
    derivative=_softplus_slope,
)
def softplus(
    x: nx.Tensor,
    beta: Annotated[float, Param("sharpness", low=0.0, exclusive=True)] = 1.0,
    threshold: Annotated[float | None, Param("beta x above which x itself is returned; None for never")] = None,
) -> nx.Tensor:
    """Smooth relu, the integral of the sigmoid; makes positive outputs such as variances.

    f(x) = log(1 + exp(beta x)) / beta

    torch and paddle return x itself where beta x > 20; that jump of 2e-9 / beta comes with `threshold=20.0`, or with
    `get("torch:Softplus")`. Without it the function is right in float64 too.

    Args:
        x: float tensor of any shape.
        beta: float > 0, sharpness.
        threshold: float or None, value of beta x above which x is returned.

    Returns:
        Tensor of the same shape and dtype as x, in (0, inf).

    Example:
        >>> np.asarray(softplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1269, 0.6931, 2.1269]

    Reference:
        Dugas et al. 2001, Incorporating Second-Order Functional Knowledge for Better Option Pricing.
    """
    # beta x itself may overflow; exp(-|beta x|) may not.
    z = -ops.abs(beta * x)
    excess = nx.log1p_unit(ops.exp(z)) / beta
    if beta < 1.0:  # the quotient is still a normal number where the exponential no longer is
        excess = ops.where(z < -80.0, nx.times_exp_fast(1.0 / beta, z), excess)
    smooth = ops.maximum(x, 0.0) + excess
    return smooth if threshold is None else ops.where(beta * x > threshold, x, smooth)


def _hypotenuse(x, b):
    """sqrt(x^2 + b) without the overflow of x^2."""
    root = math.sqrt(b)
    large = ops.maximum(ops.abs(x), root)
    small = ops.minimum(ops.abs(x), root)
    return large * ops.sqrt(1.0 + ops.square(small / large))


def _finite(x):
    return ops.clip(x, -0.5 * nx.largest(x), 0.5 * nx.largest(x))


def _squareplus_curvature(x, b):
    h = _hypotenuse(_finite(x), b)
    return 0.5 * (b / h) / h / h


@nx.with_derivative(_squareplus_curvature)
def _squareplus_slope(x, b):
    x = _finite(x)
    h = _hypotenuse(x, b)
    vanishing = 0.5 * (b / h) / (h + ops.abs(x))  # (1 - |x| / h) / 2 without the cancellation
    return ops.where(x < 0.0, vanishing, 1.0 - vanishing)


@activation(
    formula=r"\frac{1}{2} (x + \sqrt{x^2 + b})",
    paper="arXiv:2112.11687",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={"keras": "squareplus", "jax": "squareplus"},
    derivative=_squareplus_slope,
)
def squareplus(
    x: nx.Tensor, b: Annotated[float, Param("width of the bend", low=0.0, exclusive=True)] = 4.0
) -> nx.Tensor:
    """Softplus made of a square root only.

    f(x) = (x + sqrt(x^2 + b)) / 2

    Its left tail falls off as b / (4 |x|), not exponentially.

    Args:
        x: float tensor of any shape.
        b: float > 0, width of the bend.

    Returns:
        Tensor of the same shape and dtype as x, in (0, inf).

    Example:
        >>> np.asarray(squareplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.4142, 1.0, 2.4142]

    Reference:
        arXiv:2112.11687, Squareplus: A Softplus-Like Algebraic Rectifier.
    """
    # (x + h) / 2 cancels for x < 0; (h - |x|) / 2 = b / 2 / (h + |x|) is its distance from relu on both sides.
    finite = _finite(x)
    return ops.relu(x) + 0.5 * b / (_hypotenuse(finite, b) + ops.abs(finite))


def _shifted_softplus_curvature(x):
    return nx.sigmoid_derivative(x)


@nx.with_derivative(_shifted_softplus_curvature)
def _shifted_softplus_slope(x):
    return ops.sigmoid(x)


@activation(
    formula=r"\log(\frac{1}{2} + \frac{1}{2} e^x)",
    paper="Schütt et al. 2017",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    derivative=_shifted_softplus_slope,
)
def shifted_softplus(x: nx.Tensor) -> nx.Tensor:
    """Softplus moved down through the origin, for smooth energies of molecules (SchNet).

    f(x) = log(1/2 + exp(x) / 2) = softplus(x) - log 2

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-log 2, inf).

    Example:
        >>> np.asarray(shifted_softplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.5662, 0.0, 1.4338]

    Reference:
        Schütt et al. 2017, SchNet: A Continuous-Filter Convolutional Neural Network for Modeling Quantum Interactions.
    """
    # softplus(x) - log 2 cancels near 0. There log1p(expm1(-|x|) / 2), whose argument stays above -0.27: below -0.35
    # XLA's log1p is off by a hundred units in the last place of float64. x / 2 where half of x is no normal number.
    t = ops.abs(x)
    near = ops.log1p(0.5 * ops.expm1(-t))
    far = nx.log1p_unit(ops.exp(-t)) - math.log(2.0)
    return ops.where(t < 1e-17, 0.5 * x, ops.maximum(x, 0.0) + ops.where(t < 0.75, near, far))


def _sparse_plus_curvature(x):
    return ops.where(ops.abs(x) < 1.0, 0.5 * ops.ones_like(x), 0.0)


@nx.with_derivative(_sparse_plus_curvature)
def _sparse_plus_slope(x):
    return ops.clip(0.5 * (x + 1.0), 0.0, 1.0)


@activation(
    formula=r"\max(x, \frac{1}{4} (\min(\max(x, -1), 1) + 1)^2)",
    paper="arXiv:1901.02324",
    traits={Trait.MONOTONIC, Trait.SPARSE},
    aliases={"keras": "sparse_plus", "jax": "sparse_plus"},
    derivative=_sparse_plus_slope,
    kinks=(-1.0, 1.0),
)
def sparse_plus(x: nx.Tensor) -> nx.Tensor:
    """Softplus with a quadratic bend: exactly 0 left of it and exactly x right of it.

    f(x) = 0 if x <= -1, x if x >= 1, else (x + 1)^2 / 4

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(sparse_plus(np.array([-2.0, 0.0, 3.0]))).tolist()
        [0.0, 0.25, 3.0]

    Reference:
        arXiv:1901.02324, Learning with Fenchel-Young Losses.
    """
    bend = ops.square(0.5 * (ops.clip(x, -1.0, 1.0) + 1.0))
    return ops.where(x >= 1.0, x, bend)


# softplus(x) = w^2 q with w = 1 for x >= 0; for x < 0, w = exp(x / 2) and q = log1p(e) / e, where e = exp(x).


def _sqrt_softplus_parts(x):
    """x < 0, w, e = exp(-|x|) and q."""
    negative = x < 0.0
    h = nx.half_decay(x)
    e = ops.square(h)
    log = nx.log1p_unit(e)
    quotient = ops.where(e < 1e-20, 1.0, log / ops.maximum(e, 1e-20))  # where e vanishes: 0 / 0
    q = ops.where(negative, quotient, ops.maximum(x, 0.0) + log)
    return negative, ops.where(negative, h, 1.0), e, q


def _sqrt_softplus_curvature(x):
    negative, w, e, q = _sqrt_softplus_parts(ops.minimum(x, 0.25 * nx.largest(x)))  # 2 q must stay finite
    bend = 2.0 * q * ops.where(negative, ops.ones_like(e), e) - 1.0
    return w * (0.25 * bend / (1.0 + e * (2.0 + e)) / q / ops.sqrt(q))


@nx.with_derivative(_sqrt_softplus_curvature)
def _sqrt_softplus_slope(x):
    _, w, e, q = _sqrt_softplus_parts(x)
    return 0.5 * w / ((1.0 + e) * ops.sqrt(q))


@activation(
    formula=r"\sqrt{\log(1 + e^x)}",
    paper="DeepSeek-AI, DeepSeek-V4",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={"hf": "sqrtsoftplus"},
    derivative=_sqrt_softplus_slope,
)
def sqrt_softplus(x: nx.Tensor) -> nx.Tensor:
    """Square root of softplus: the score of the expert router in DeepSeek-V4.

    f(x) = sqrt(log(1 + exp(x)))

    Positive, and grows only as sqrt(x), so that no expert's score runs away from the others.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(sqrt_softplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.3563, 0.8326, 1.4584]

    Reference:
        The router of DeepSeek-V4 in Hugging Face transformers.
    """
    _, w, _, q = _sqrt_softplus_parts(x)
    return w * ops.sqrt(q)


def _bent_identity_curvature(x):
    return nx.algebraic_sigmoid_derivative(nx.clipped_for_square(x), 0.5)


@nx.with_derivative(_bent_identity_curvature)
def _bent_identity_slope(x):
    return 1.0 + 0.5 * nx.algebraic_sigmoid(nx.clipped_for_square(x))


@activation(
    formula=r"\frac{1}{2} (\sqrt{x^2 + 1} - 1) + x",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={"dks": "bentid"},
    derivative=_bent_identity_slope,
)
def bent_identity(x: nx.Tensor) -> nx.Tensor:
    """Smooth line with slope 1/2 far left and 3/2 far right.

    f(x) = (sqrt(x^2 + 1) - 1) / 2 + x

    Its gradient never vanishes nor explodes.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(bent_identity(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-1.382, 0.0, 2.618]
    """
    # sqrt(1 + x^2) - 1 cancels near 0 and overflows; it is x^2 / (1 + sqrt(1 + x^2)).
    u = nx.clipped_for_square(x)
    return x * (1.0 + 0.5 * (u / (1.0 + nx.square_and_root(u)[1])))
