"""Gaussian error linear units: x times the normal distribution function, and its approximations."""

import math
from typing import Annotated

from keras import ops

from keras_acts.activations.swish_family import silu_curvature, silu_slope
from keras_acts.core import numerics as nx
from keras_acts.core.declaration import Param, Trait, activation

SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)
CUBIC = 0.044715


def _gate_argument(x):
    """2 u with u = sqrt(2/pi) (x + 0.044715 x^3), so that the gate (1 + tanh u) / 2 is sigmoid(2 u).

    Clipped, as x^3 overflows (in float32 above 7e12), and the gate is 0 or 1 to the last bit far earlier.
    """
    x = nx.near(x)
    return 2.0 * SQRT_2_OVER_PI * x * (1.0 + CUBIC * ops.square(x))


def _gate_argument_slope(x):
    return 2.0 * SQRT_2_OVER_PI * (1.0 + 3.0 * CUBIC * ops.square(x))


def _gelu_tanh_curvature(x):
    x = nx.near(x)
    w, w1 = _gate_argument(x), _gate_argument_slope(x)
    bend = 2.0 * w1 + 12.0 * SQRT_2_OVER_PI * CUBIC * ops.square(x) - x * ops.square(w1) * ops.tanh(0.5 * w)
    return nx.sigmoid_slope(w) * bend


@nx.with_derivative(_gelu_tanh_curvature)
def _gelu_tanh_slope(x):
    w = _gate_argument(x)
    x = nx.near(x)
    return ops.sigmoid(w) * (1.0 + x * _gate_argument_slope(x) * ops.sigmoid(-w))


def _gelu_tanh(x):
    return nx.gated(x, ops.sigmoid(_gate_argument(x)))


def _gelu_curvature(x, approximate):
    if approximate:
        return _gelu_tanh_curvature(x)
    x = nx.near(x)
    return nx.normal_pdf(x) * (2.0 - ops.square(x))


@nx.with_derivative(_gelu_curvature)
def _gelu_slope(x, approximate):
    if approximate:
        return _gelu_tanh_slope(x)
    return nx.normal_cdf(x) + nx.near(x) * nx.normal_pdf(x)


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
def gelu(x, approximate: Annotated[bool, Param("True for the tanh form")] = False):
    """Gaussian error linear unit, the activation of BERT, GPT and most Transformers.

    f(x) = x Phi(x) = x (1 + erf(x / sqrt 2)) / 2

    Exact by default, as in keras.activations, torch, timm and Hugging Face; `keras.ops.gelu`, jax, flax and TF Addons mean
    the tanh form by "gelu" (it differs by up to 4.7e-4), which is `gelu_tanh` here.

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
    return _gelu_tanh(x) if approximate else nx.gated(x, nx.normal_cdf(x))


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
def gelu_tanh(x):
    """Tanh form of GELU, as GPT-2 and Gemma use it.

    f(x) = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2

    Take it for checkpoints trained with it (Hugging Face's gelu_new, gelu_fast and gelu_pytorch_tanh are all this); `gelu`
    is no slower and is the exact function.

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
    return QUICK * silu_curvature(QUICK * x)


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
def quick_gelu(x):
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
    return nx.gated(x, ops.sigmoid(QUICK * x))
