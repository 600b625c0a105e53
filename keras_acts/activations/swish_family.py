"""Swish and its kin: x times a smooth gate of x."""

from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def silu_curvature(x: nx.Tensor, factor: float = 1.0) -> nx.Tensor:
    """factor * silu''(x), with silu''(x) = sigmoid'(x) (2 - x tanh(x / 2))."""
    # The factor inside the difference: the graph optimiser would move it past the exponentials otherwise.
    return nx.gated_curvature(2.0 * factor - (factor * nx.near(x)) * ops.tanh(0.5 * x), x)


@nx.with_derivative(silu_curvature)
def silu_slope(x: nx.Tensor) -> nx.Tensor:
    """silu'(x) = sigmoid(x) (1 + x sigmoid(-x))."""
    return nx.gated_slope(nx.near(x), x)


@activation(
    formula=r"x \sigma(x)",
    paper="arXiv:1702.03118",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    aliases={
        "keras": ("silu", "swish"),
        "tf": ("silu", "swish"),
        "torch": "SiLU",
        "jax": ("silu", "swish"),
        "flax": ("silu", "swish"),
        "timm": ("silu", "swish"),
        "hf": ("silu", "swish"),
    },
    derivative=silu_slope,
)
def silu(x: nx.Tensor) -> nx.Tensor:
    """Sigmoid linear unit, also called Swish.

    f(x) = x sigmoid(x)

    The activation of EfficientNet and, inside SwiGLU, of LLaMA. For x sigmoid(beta x) use `swish_beta`.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.278 at x = -1.278.

    Example:
        >>> np.asarray(silu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2689, 0.0, 1.7616]

    Reference:
        arXiv:1702.03118, Sigmoid-Weighted Linear Units; arXiv:1710.05941, Searching for Activation Functions.
    """
    return nx.gated(x, x)


def _swish_beta_gate(x, beta):
    return beta * x if beta else ops.zeros_like(x)  # 0 * inf would be NaN


def _swish_beta_curvature(x, beta):
    return silu_curvature(_swish_beta_gate(x, beta), beta)


@nx.with_derivative(_swish_beta_curvature)
def _swish_beta_slope(x, beta):
    return silu_slope(_swish_beta_gate(x, beta))


@activation(
    formula=r"x \sigma(\beta x)",
    paper="arXiv:1710.05941",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_swish_beta_slope,
)
def swish_beta(x: nx.Tensor, beta: Annotated[float, Param("sharpness of the gate")] = 1.0) -> nx.Tensor:
    """Swish with a fixed beta: x / 2 at beta = 0, `silu` at 1, towards `relu` as beta grows.

    f(x) = x sigmoid(beta x)

    Args:
        x: float tensor of any shape.
        beta: float, sharpness of the gate.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(swish_beta(np.array([-1.0, 0.0, 2.0]), beta=1.5)).round(4).tolist()
        [-0.1824, 0.0, 1.9051]

    Reference:
        arXiv:1710.05941, Searching for Activation Functions.
    """
    if beta == 0.0:
        return 0.5 * x
    return nx.gated(x, beta * x) if beta > 0.0 else -nx.gated(-x, beta * x)


def _hard_silu_curvature(x):
    return ops.where(ops.abs(x) < 3.0, 1.0 / 3.0, ops.zeros_like(x))


@nx.with_derivative(_hard_silu_curvature)
def _hard_silu_slope(x):
    return ops.where(x <= -3.0, 0.0, ops.where(x >= 3.0, 1.0, x / 3.0 + 0.5))


@activation(
    formula=r"x \min(\max(x + 3, 0), 6) / 6",
    paper="arXiv:1905.02244",
    traits={Trait.NON_MONOTONIC, Trait.SELF_GATED, Trait.SPARSE},
    aliases={
        "keras": ("hard_silu", "hard_swish"),
        "torch": "Hardswish",
        "jax": ("hard_silu", "hard_swish"),
        "flax": ("hard_silu", "hard_swish"),
        "timm": ("hard_swish", "hardswish"),
        "hf": "hardswish",
    },
    derivative=_hard_silu_slope,
    kinks=(-3.0, 3.0),
)
def hard_silu(x: nx.Tensor) -> nx.Tensor:
    """Piecewise quadratic silu, made for MobileNetV3; also called hard swish.

    f(x) = x min(max(x + 3, 0), 6) / 6

    The derivative is 0 at -3 and 1 at 3.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.375 at x = -1.5.

    Example:
        >>> np.asarray(hard_silu(np.array([-1.5, 0.0, 4.0]))).tolist()
        [-0.375, 0.0, 4.0]

    Reference:
        arXiv:1905.02244, Searching for MobileNetV3.
    """
    return ops.maximum(x, -nx.largest(x)) * ops.clip((x + 3.0) / 6.0, 0.0, 1.0)  # -inf * 0 would be NaN


def _mish_gate(x):
    """exp(-|x|) in two parts and as e, and n, d with tanh(softplus(x)) = n / d for x >= 0 and e n / d for x < 0.

    For x < 0 the gate is e (e + 2) / (e^2 + 2e + 2); for x > 0 the same fraction divided through by exp(2x), which
    would overflow.
    """
    near, far = nx.split_decay(x)
    e = near * far
    negative = x < 0.0
    n = ops.where(negative, e + 2.0, 1.0 + 2.0 * e)
    d = ops.where(negative, 2.0 + e * (2.0 + e), 1.0 + 2.0 * e * (1.0 + e))
    return negative, near, far, e, n, d


def _mish_curvature(x):
    x = nx.near(x)
    negative, near, far, e, _, d = _mish_gate(x)
    left = 2.0 + e * (2.0 - e * (3.0 + 2.0 * e))
    right = e * (2.0 * e * (1.0 + e) - 3.0) - 2.0
    bracket = (8.0 * (1.0 + e) + 4.0 * x * ops.where(negative, left, right) / d) / ops.square(d)
    return near * (far * (ops.where(negative, 1.0, e) * bracket))


@nx.with_derivative(_mish_curvature)
def _mish_slope(x):
    negative, near, far, e, n, d = _mish_gate(x)
    x = nx.near(x)
    # n d + 4 x (1 + e) with the terms that cancel taken together.
    closing = near * (far * (4.0 * (x + 1.0) + e * ((4.0 * x + 6.0) + e * (4.0 + e))))
    opening = n * d + 4.0 * x * (1.0 + e) * ops.square(e)
    return ops.where(negative, closing, opening) / ops.square(d)


@activation(
    formula=r"x \tanh(\log(1 + e^x))",
    paper="arXiv:1908.08681",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    aliases={"keras": "mish", "tfa": "mish", "torch": "Mish", "jax": "mish", "timm": "mish", "hf": "mish"},
    derivative=_mish_slope,
)
def mish(x: nx.Tensor) -> nx.Tensor:
    """Softplus-tanh gated unit: smooth, unbounded above; the activation of YOLOv4.

    f(x) = x tanh(log(1 + exp(x)))

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.309 at x = -1.192.

    Example:
        >>> np.asarray(mish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3034, 0.0, 1.944]

    Reference:
        arXiv:1908.08681, Mish: A Self Regularized Non-Monotonic Activation Function.
    """
    negative, near, far, _, n, d = _mish_gate(x)
    return ops.where(negative, near * (far * nx.near(x)), x) * (n / d)
