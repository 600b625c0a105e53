"""GELU and its kin: x times the normal distribution function, or an approximation of it."""

import math
from typing import Annotated

from keras import ops

from keras_acts.activations.sigmoid_gated import silu_curvature, silu_slope
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

__all__ = [
    "clipped_gelu",
    "gelu",
    "gelu_tanh",
    "quick_gelu",
    "smu",
    "xgelu",
]


# The gate (1 + tanh u) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3) is sigmoid(w) with w = 2u = x (LINEAR + CUBIC x^2).
LINEAR = 2.0 * math.sqrt(2.0 / math.pi)


CUBIC = 0.044715 * LINEAR


def _gate_argument(x):
    """w. Clipped, as x^3 overflows (in float32 above 7e12), and the gate is 0 or 1 to the last bit far earlier."""
    x = nx.near(x)
    return x * (LINEAR + CUBIC * ops.square(x))


def _gate_argument_slope(x):
    return LINEAR + 3.0 * CUBIC * ops.square(x)


def _gelu_tanh_curvature(x):
    x = nx.near(x)
    w, w1 = _gate_argument(x), _gate_argument_slope(x)
    w2 = 6.0 * CUBIC * x
    return nx.times_sigmoid_derivative(2.0 * w1 + x * w2 - x * ops.square(w1) * ops.tanh(0.5 * w), w)


@nx.with_derivative(_gelu_tanh_curvature)
def _gelu_tanh_slope(x):
    x = nx.near(x)
    return nx.sigmoid_gated_derivative(x * _gate_argument_slope(x), _gate_argument(x))


def _gelu_tanh(x):
    return nx.sigmoid_gated(x, _gate_argument(x))


def _gelu_curvature(x, approximate):
    if approximate:
        return _gelu_tanh_curvature(x)
    x = nx.near(x)
    return nx.times_normal_pdf(2.0 - ops.square(x), x)


@nx.with_derivative(_gelu_curvature)
def _gelu_slope(x, approximate):
    if approximate:
        return _gelu_tanh_slope(x)
    t = nx.near(ops.abs(x))
    excess = nx.times_exp_fast(nx.NORMAL_PEAK * t - nx.scaled_normal_tail(t), -0.5 * ops.square(t))
    return ops.where(x < 0.0, -excess, 1.0 + excess)


def _gelu(x):
    # From Phi(-|x|), so that no tail cancels; x is multiplied in before the exponential vanishes.
    t = nx.near(ops.abs(x))
    decay, tail = ops.exp(-0.5 * ops.square(t)), nx.scaled_normal_tail(t)
    return ops.where(x < 0.0, -decay * (t * tail), x * (1.0 - decay * tail))


@activation(
    formula=r"x \Phi(x)",
    paper="arXiv:1606.08415",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    aliases={
        "keras": "gelu",
        "tf": "gelu",
        "torch": "GELU",
        "jax": "gelu(approximate=True)",
        "flax": "gelu(approximate=True)",
        "tfa": "gelu(approximate=True)",
        "timm": "gelu",
        "hf": ("gelu", "gelu_python"),
    },
    derivative=_gelu_slope,
)
def gelu(x: nx.Tensor, approximate: Annotated[bool, Param("True for the tanh form")] = False) -> nx.Tensor:
    """Gaussian error linear unit, the activation of BERT, GPT and most Transformers.

    f(x) = x Phi(x) = x (1 + erf(x / sqrt 2)) / 2

    Exact by default, as in keras.activations, torch, timm and Hugging Face; `keras.ops.gelu`, jax, flax and TF Addons
    mean the tanh form by "gelu" (it differs by up to 4.7e-4), which is `gelu_tanh` here.

    Args:
        x: float tensor of any shape.
        approximate: bool, True for the tanh form, `gelu_tanh`.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.17 at x = -0.75.

    Example:
        >>> np.asarray(gelu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.1587, 0.0, 1.9545]

    Reference:
        arXiv:1606.08415, Gaussian Error Linear Units.
    """
    return _gelu_tanh(x) if approximate else _gelu(x)


@activation(
    formula=r"\frac{x}{2} (1 + \tanh(\sqrt{2/\pi} (x + 0.044715 x^3)))",
    paper="arXiv:1606.08415",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    aliases={
        "timm": "gelu_tanh",
        "hf": ("gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_accurate"),
    },
    derivative=_gelu_tanh_slope,
)
def gelu_tanh(x: nx.Tensor) -> nx.Tensor:
    """Tanh form of GELU, as GPT-2 and Gemma use it.

    f(x) = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2

    Take it for checkpoints trained with it (Hugging Face's gelu_new, gelu_fast and gelu_pytorch_tanh are all this);
    `gelu` is no slower and is the exact function.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.17 at x = -0.75.

    Example:
        >>> np.asarray(gelu_tanh(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.1588, 0.0, 1.9546]

    Reference:
        arXiv:1606.08415, Gaussian Error Linear Units.
    """
    return _gelu_tanh(x)


QUICK = 1.702


def _quick_gelu_curvature(x):
    return silu_curvature(QUICK * x, QUICK)


@nx.with_derivative(_quick_gelu_curvature)
def _quick_gelu_slope(x):
    return silu_slope(QUICK * x)


@activation(
    formula=r"x \sigma(1.702 x)",
    paper="arXiv:1606.08415",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    aliases={"timm": "quick_gelu", "hf": "quick_gelu"},
    derivative=_quick_gelu_slope,
)
def quick_gelu(x: nx.Tensor) -> nx.Tensor:
    """Sigmoid form of GELU, which CLIP checkpoints need.

    f(x) = x sigmoid(1.702 x)

    It differs from `gelu` by up to 0.02, so it is not a substitute.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.16 at x = -0.75.

    Example:
        >>> np.asarray(quick_gelu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.1542, 0.0, 1.9357]

    Reference:
        arXiv:1606.08415, Gaussian Error Linear Units.
    """
    return nx.sigmoid_gated(x, QUICK * x)


def _gelu_is(value):
    """The x > 0 with gelu(x) = value: x = value + x Phi(-x) has one solution, to which iteration contracts."""
    x = value
    for _ in range(100):
        x = value + 0.5 * x * math.erfc(x / math.sqrt(2.0))
    return x


def _clipped_gelu_curvature(x, max_val):
    return ops.where(x > _gelu_is(max_val), 0.0, nx.normal_gated_second_derivative(x, 0.0, 1.0))


@nx.with_derivative(_clipped_gelu_curvature)
def _clipped_gelu_slope(x, max_val):
    return ops.where(x > _gelu_is(max_val), 0.0, nx.normal_gated_derivative(x, 0.0, 1.0))


@activation(
    formula=r"\min(x \Phi(x), m)",
    paper="arXiv:2004.09602",
    traits={Trait.NON_MONOTONIC, Trait.BOUNDED, Trait.SELF_GATED},
    aliases={"hf": "gelu_10(max_val=10.0)"},
    derivative=_clipped_gelu_slope,
    kinks=lambda max_val: (_gelu_is(max_val),),
)
def clipped_gelu(
    x: nx.Tensor, max_val: Annotated[float, Param("largest output", low=0.0, exclusive=True)] = 10.0
) -> nx.Tensor:
    """Exact GELU with an upper bound, for networks that are quantised to eight bits.

    f(x) = min(x Phi(x), max_val)

    Hugging Face's "gelu_10" also names a lower bound of -10; it never acts, as gelu is above -0.17. At the kink the
    derivative is that of gelu.

    Args:
        x: float tensor of any shape.
        max_val: float > 0, largest output.

    Returns:
        Tensor of the same shape and dtype as x, in [-0.17, max_val].

    Example:
        >>> np.asarray(clipped_gelu(np.array([-1.0, 2.0, 12.0]))).round(4).tolist()
        [-0.1587, 1.9545, 10.0]

    Reference:
        arXiv:2004.09602, Integer Quantization for Deep Learning Inference: Principles and Empirical Evaluation.
    """
    return ops.minimum(nx.normal_gated(x, 0.0, 1.0), max_val)


def _gate_scale(alpha, mu):
    return math.sqrt(2.0) * mu * (1.0 - alpha)


def _smu_curvature(x, alpha, mu):
    return nx.normal_gated_second_derivative(x, alpha, 1.0, _gate_scale(alpha, mu))


@nx.with_derivative(_smu_curvature)
def _smu_slope(x, alpha, mu):
    return nx.normal_gated_derivative(x, alpha, 1.0, _gate_scale(alpha, mu))


@activation(
    formula=r"\frac{1}{2} ((1 + \alpha) x + (1 - \alpha) x\, \mathrm{erf}(\mu (1 - \alpha) x))",
    paper="arXiv:2111.04682",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_smu_slope,
)
def smu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("slope far on the left", low=0.0, high=1.0)] = 0.01,
    mu: Annotated[float, Param("sharpness of the bend", low=0.0, exclusive=True)] = 2.5,
) -> nx.Tensor:
    """Smoothing maximum unit: leaky relu with |x| replaced by x erf(mu x); the paper trains mu, which is fixed here.

    f(x) = ((1 + alpha) x + (1 - alpha) x erf(mu (1 - alpha) x)) / 2

    At alpha = 0 and mu = sqrt(1/2) it is `gelu`; as mu grows it becomes `leaky_relu`. Implementations disagree on the
    start: alpha = 0.01 with mu = 2.5, or alpha = 0.25 with mu = 1e6, where it is a leaky relu to all purposes.

    Args:
        x: float tensor of any shape.
        alpha: float in [0, 1], slope far on the left.
        mu: float > 0, sharpness of the bend.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(smu(np.array([-1.0, 0.0, 0.25]))).round(4).tolist()
        [-0.0102, 0.0, 0.2028]

    Reference:
        arXiv:2111.04682, SMU: Smooth Activation Function for Deep Networks Using Smoothing Maximum Technique.
    """
    return nx.normal_gated(x, alpha, 1.0, _gate_scale(alpha, mu))


def _xgelu_curvature(x, alpha):
    return nx.normal_gated_second_derivative(x, -alpha, 1.0 + alpha)


@nx.with_derivative(_xgelu_curvature)
def _xgelu_slope(x, alpha):
    return nx.normal_gated_derivative(x, -alpha, 1.0 + alpha)


@activation(
    formula=r"x ((1 + 2 \alpha) \Phi(x) - \alpha)",
    paper="arXiv:2405.20768",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_xgelu_slope,
)
def xgelu(
    x: nx.Tensor, alpha: Annotated[float, Param("by how much the gate exceeds [0, 1]", low=0.0)] = 0.0
) -> nx.Tensor:
    """GELU with the range of the gate expanded from (0, 1) to (-alpha, 1 + alpha).

    f(x) = x ((1 + 2 alpha) Phi(x) - alpha)

    The paper trains alpha from 0, where it is `gelu`; it is fixed here.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0, by how much the gate exceeds [0, 1].

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(xgelu(np.array([-1.0, 0.0, 2.0]), alpha=0.5)).round(4).tolist()
        [0.1827, 0.0, 2.909]

    Reference:
        arXiv:2405.20768, Expanded Gating Ranges Improve Activation Functions.
    """
    return nx.normal_gated(x, -alpha, 1.0 + alpha)
