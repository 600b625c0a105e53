"""Shrinkage: small inputs become zero, or nearly."""

from typing import Annotated

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation

__all__ = ["biased_shrink", "hard_shrink", "soft_shrink", "tanh_shrink"]


def _of_tfa(lower: float = -0.5, upper: float = 0.5) -> dict[str, float]:
    if lower != -upper:
        raise ValueError(
            "Shrinkage of keras_acts is symmetric: `threshold` is -lower and upper. "
            f"Received: lower={lower!r}, upper={upper!r}"
        )
    return {"threshold": upper}


@activation(
    formula="sign(x) * max(abs(x) - threshold, 0)",
    traits={"piecewise_linear", "monotonic", "odd", "sparse"},
    aliases={
        "keras": "soft_shrink",
        "tfa": {"softshrink": _of_tfa},
        "torch": {"Softshrink softshrink": lambda lambd=0.5: {"threshold": lambd}},
    },
    kinks=lambda threshold: (-threshold, threshold),
)
def soft_shrink(
    x: nx.Tensor,
    threshold: Annotated[float, Param("how far inputs are moved towards zero", low=0.0, any_size=True)] = 0.5,
) -> nx.Tensor:
    """The input moved towards zero, the proximal operator of the L1 norm.

    torch calls the parameter `lambd`, TF Addons takes `lower` and `upper`. NaN stays NaN; Keras makes it 0.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(soft_shrink(np.array([-2.0, 0.5, 0.75]))).tolist()
        [-1.5, 0.0, 0.25]

    Reference:
        Donoho & Johnstone 1994, Ideal Spatial Adaptation by Wavelet Shrinkage.
    """
    return x - ops.clip(x, -threshold, threshold)


@soft_shrink.derivative
def _soft_shrink_derivative(x: nx.Tensor, threshold: float) -> nx.Tensor:
    return ops.where(ops.abs(x) > threshold, ops.ones_like(x), 0.0)


@activation(
    formula="where(abs(x) > threshold, x, 0)",
    traits={"piecewise_linear", "monotonic", "odd", "sparse", "single_rounding"},
    aliases={
        "keras": "hard_shrink",
        "tfa": {"hardshrink": _of_tfa},
        "torch": {"Hardshrink hardshrink": lambda lambd=0.5: {"threshold": lambd}},
    },
    kinks=lambda threshold: (-threshold, threshold),
)
def hard_shrink(
    x: nx.Tensor, threshold: Annotated[float, Param("half-width of the zero interval", low=0.0, any_size=True)] = 0.5
) -> nx.Tensor:
    """The input where it is large, else zero.

    torch calls the parameter `lambd`, TF Addons takes `lower` and `upper`. NaN stays NaN; Keras makes it 0.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(hard_shrink(np.array([-2.0, 0.5, 0.6]))).tolist()
        [-2.0, 0.0, 0.6]
    """
    return ops.where(ops.abs(x) <= threshold, ops.zeros_like(x), x)


hard_shrink.derivative(_soft_shrink_derivative)


@activation(
    formula="where(abs(x) > threshold, x - bias * sign(x), 0)",
    traits={"piecewise_linear", "odd", "sparse"},
    aliases={"onnx": {"Shrink": lambda *, lambd=0.5, bias=0.0: {"threshold": lambd, "bias": bias}}},
    kinks=lambda threshold, bias: (-threshold, threshold),
)
def biased_shrink(
    x: nx.Tensor,
    threshold: Annotated[float, Param("half-width of the zero interval", low=0.0, any_size=True)] = 0.5,
    bias: Annotated[float, Param("how far other inputs are moved towards zero")] = 0.0,
) -> nx.Tensor:
    """Zero for small inputs, and large ones moved towards zero by a distance of its own: the operator of ONNX.

    `hard_shrink` is the one with bias = 0, `soft_shrink` the one with bias = threshold. The derivative at both kinks
    is 0. ONNX calls the threshold `lambd`.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(biased_shrink(np.array([-2.0, 0.5, 1.0]), bias=0.25)).tolist()
        [-1.75, 0.0, 0.75]
    """
    return ops.where(ops.abs(x) <= threshold, ops.zeros_like(x), x - bias * ops.sign(x))


biased_shrink.derivative(lambda x, threshold, bias: _soft_shrink_derivative(x, threshold))


@activation(
    formula="x - tanh(x)",
    traits={"smooth", "monotonic", "odd"},
    aliases={"keras": "tanh_shrink", "tfa": "tanhshrink", "torch": "Tanhshrink tanhshrink"},
)
def tanh_shrink(x: nx.Tensor) -> nx.Tensor:
    """What tanh leaves over: nearly zero for small inputs, x - 1 for large ones.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(tanh_shrink(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-1.036, 0.0, 1.036]
    """
    # The difference cancels near 0, where it is about x^3 / 3.
    small = ops.clip(x, -1.0, 1.0)
    square = ops.square(small)
    near_zero = small * (square * nx.fitted("tanh_shrink_quotient", square))
    return ops.where(ops.abs(x) < 1.0, near_zero, x - ops.tanh(x))


# The kernels' tanh is off by three units in the last place where it saturates, which the square would double.
tanh_shrink.derivative(lambda x: ops.where(ops.abs(x) < 1.0, ops.square(ops.tanh(x)), 1.0 - nx.sech_squared(x)))
tanh_shrink.second_derivative(lambda x: nx.times_sech_squared(2.0 * ops.tanh(x), x))
