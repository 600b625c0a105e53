"""GELU and its kin: x times the normal distribution function, or an approximation of it."""

import math
from typing import Annotated

from keras_acts.activations.sigmoid_gated import swish_beta_derivative, swish_beta_second_derivative
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, choice, positive

__all__ = ["clipped_gelu", "gelu", "gelu_tanh", "quick_gelu", "smu", "xgelu"]


# The gate (1 + tanh u) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3) is sigmoid(w) with w = 2u = x (LINEAR + CUBIC x^2).
LINEAR = 2.0 * math.sqrt(2.0 / math.pi)
CUBIC = 0.044715 * LINEAR


def _gate_argument(x: nx.Tensor) -> nx.Tensor:
    """w. Clipped, as x^3 overflows (in float32 above 7e12), and the gate is 0 or 1 to the last bit far earlier."""
    x = nx.near(x)
    return x * (LINEAR + CUBIC * ops.square(x))


def _gate_argument_derivative(x: nx.Tensor) -> nx.Tensor:
    return LINEAR + 3.0 * CUBIC * ops.square(x)


def _of_torch(approximate: str = "none") -> dict[str, bool]:
    return {"approximate": choice("approximate", approximate, "torch's GELU", ("none", "tanh")) == "tanh"}


@activation(
    formula={"approximate=True": "x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2", "": "x * normal_cdf(x)"},
    traits={"smooth", "non_monotonic", "self_gated"},
    aliases={
        "keras timm": "gelu",
        "tf": "gelu(approximate=False)",
        "torch": {"GELU gelu": _of_torch},
        "onnx": {"Gelu": _of_torch},
        "jax flax": "gelu(approximate=True)",
        "tfa": "gelu GELU(approximate=True)",
        "hf": "gelu gelu_python",
    },
)
def gelu(x: nx.Tensor, approximate: Annotated[bool, Param("True for the tanh form, `gelu_tanh`")] = False) -> nx.Tensor:
    """Gaussian error linear unit, the activation of BERT, GPT and most Transformers.

    Exact by default, as in keras.activations, torch, timm and Hugging Face; `keras.ops.gelu`, jax, flax and TF Addons
    mean the tanh form by "gelu" (it differs by up to 4.7e-4), which is `gelu_tanh` here.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.17 at x = -0.75.

    Example:
        >>> np.asarray(gelu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.1587, 0.0, 1.9545]

    Reference:
        arXiv:1606.08415, Gaussian Error Linear Units.
    """
    if approximate:
        return gelu_tanh.body(x)
    # From Phi(-|x|), so that no tail cancels; x is multiplied in before the exponential vanishes.
    t = nx.near(ops.abs(x))
    decay, tail = ops.exp(-0.5 * ops.square(t)), nx.scaled_normal_tail(t)
    return ops.where(x < 0.0, -decay * (t * tail), x * (1.0 - decay * tail))


@gelu.derivative
def _gelu_derivative(x: nx.Tensor, approximate: bool = False) -> nx.Tensor:
    if approximate:
        return _gelu_tanh_derivative(x)
    t = nx.near(ops.abs(x))
    excess = nx.times_exp_fast(nx.NORMAL_PEAK * t - nx.scaled_normal_tail(t), -0.5 * ops.square(t))
    return ops.where(x < 0.0, -excess, 1.0 + excess)


@gelu.second_derivative
def _gelu_second_derivative(x: nx.Tensor, approximate: bool = False) -> nx.Tensor:
    if approximate:
        return _gelu_tanh_second_derivative(x)
    x = nx.near(x)
    return nx.times_exp_fast(nx.NORMAL_PEAK * (2.0 - ops.square(x)), -0.5 * ops.square(x))


@activation(
    formula="x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2",
    traits={"smooth", "non_monotonic", "self_gated"},
    aliases={"timm": "gelu_tanh", "hf": "gelu_new gelu_fast gelu_pytorch_tanh gelu_python_tanh gelu_accurate"},
)
def gelu_tanh(x: nx.Tensor) -> nx.Tensor:
    """Tanh form of GELU, as GPT-2 and Gemma use it.

    Take it for checkpoints trained with it (Hugging Face's gelu_new, gelu_fast and gelu_pytorch_tanh are all this);
    `gelu` is no slower and is the exact function.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.17 at x = -0.75.

    Example:
        >>> np.asarray(gelu_tanh(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.1588, 0.0, 1.9546]

    Reference:
        arXiv:1606.08415, Gaussian Error Linear Units.
    """
    return nx.sigmoid_gated(x, _gate_argument(x))


@gelu_tanh.derivative
def _gelu_tanh_derivative(x: nx.Tensor) -> nx.Tensor:
    x = nx.near(x)
    return nx.sigmoid_gated_derivative(x * _gate_argument_derivative(x), _gate_argument(x))


@gelu_tanh.second_derivative
def _gelu_tanh_second_derivative(x: nx.Tensor) -> nx.Tensor:
    x = nx.near(x)
    w, w1 = _gate_argument(x), _gate_argument_derivative(x)
    w2 = 6.0 * CUBIC * x
    return nx.times_sigmoid_derivative(2.0 * w1 + x * w2 - x * ops.square(w1) * ops.tanh(0.5 * w), w)


QUICK = 1.702


@activation(
    formula="x * sigmoid(1.702 * x)",
    traits={"smooth", "non_monotonic", "self_gated"},
    aliases={"timm hf": "quick_gelu"},
)
def quick_gelu(x: nx.Tensor) -> nx.Tensor:
    """Sigmoid form of GELU, which CLIP checkpoints need.

    It differs from `gelu` by up to 0.02, so it is not a substitute.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.16 at x = -0.75.

    Example:
        >>> np.asarray(quick_gelu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.1542, 0.0, 1.9357]

    Reference:
        arXiv:1606.08415, Gaussian Error Linear Units.
    """
    return nx.sigmoid_gated(x, QUICK * x)


quick_gelu.derivative(lambda x: swish_beta_derivative(x, QUICK))
quick_gelu.second_derivative(lambda x: swish_beta_second_derivative(x, QUICK))


def _gelu_is(value: float) -> float:
    """The x > 0 with gelu(x) = value: x = value + x Phi(-x) has one solution, to which iteration contracts."""
    x = value
    for _ in range(100):
        x = value + 0.5 * x * math.erfc(x / math.sqrt(2.0))
    # By Newton's method to the last bit, as the next number may lie beyond the kink: what is left over in one sum.
    w = x / math.sqrt(2.0)
    terms = (-0.5 * x, -0.5 * x * math.erf(w)) if x < 0.5 else (-x, 0.5 * x * math.erfc(w))
    slope = 0.5 + 0.5 * math.erf(w) + nx.NORMAL_PEAK * x * math.exp(-w * w)
    return x + math.fsum((value, *terms)) / slope


@activation(
    formula="min(x * normal_cdf(x), max_val)",
    traits={"non_monotonic", "bounded", "self_gated"},
    aliases={
        "hf": "gelu_10(*, max_val=10.0)",
        "physicsnemo": {"CappedGELU": lambda cap_value=1.0: {"max_val": cap_value}},
    },
    kinks=lambda max_val: (_gelu_is(max_val),),
)
def clipped_gelu(x: nx.Tensor, max_val: Annotated[float, positive("largest output")] = 10.0) -> nx.Tensor:
    """Exact GELU with an upper bound, for networks that are quantised to eight bits.

    Hugging Face's "gelu_10" also names a lower bound of -10; it never acts, as gelu is above -0.17. At the kink the
    derivative is that of gelu.

    Returns:
        Tensor of the same shape and dtype as x, in [-0.17, max_val].

    Example:
        >>> np.asarray(clipped_gelu(np.array([-1.0, 2.0, 12.0]))).round(4).tolist()
        [-0.1587, 1.9545, 10.0]

    Reference:
        arXiv:2004.09602, Integer Quantization for Deep Learning Inference: Principles and Empirical Evaluation.
    """
    return ops.minimum(gelu.body(x), max_val)


clipped_gelu.derivative(lambda x, max_val: ops.where(x > _gelu_is(max_val), 0.0, _gelu_derivative(x)))
clipped_gelu.second_derivative(lambda x, max_val: ops.where(x > _gelu_is(max_val), 0.0, _gelu_second_derivative(x)))


def _gate_scale(alpha: float, mu: float) -> float:
    return math.sqrt(2.0) * mu * (1.0 - alpha)


@activation(
    formula="((1 + alpha) * x + (1 - alpha) * x * erf(mu * (1 - alpha) * x)) / 2",
    traits={"smooth", "non_monotonic", "self_gated"},
)
def smu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("slope far on the left", low=0.0, high=1.0)] = 0.01,
    mu: Annotated[float, positive("sharpness of the bend")] = 2.5,
) -> nx.Tensor:
    """Smoothing maximum unit: leaky relu with |x| replaced by x erf(mu x); the paper trains mu, which is fixed here.

    At alpha = 0 and mu = sqrt(1/2) it is `gelu`; as mu grows it becomes `leaky_relu`. Implementations disagree on the
    start: alpha = 0.01 with mu = 2.5, or alpha = 0.25 with mu = 1e6, where it is a leaky relu to all purposes.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(smu(np.array([-1.0, 0.0, 0.25]))).round(4).tolist()
        [-0.0102, 0.0, 0.2028]

    Reference:
        arXiv:2111.04682, SMU: Smooth Activation Function for Deep Networks Using Smoothing Maximum Technique.
    """
    return nx.normal_gated(x, alpha, 1.0, _gate_scale(alpha, mu))


smu.derivative(lambda x, alpha, mu: nx.normal_gated_derivative(x, alpha, 1.0, _gate_scale(alpha, mu)))
smu.second_derivative(lambda x, alpha, mu: nx.normal_gated_second_derivative(x, alpha, 1.0, _gate_scale(alpha, mu)))


@activation(formula="x * ((1 + 2 * alpha) * normal_cdf(x) - alpha)", traits={"smooth", "non_monotonic", "self_gated"})
def xgelu(
    x: nx.Tensor, alpha: Annotated[float, Param("by how much the gate leaves [0, 1] on either side", low=0.0)] = 0.0
) -> nx.Tensor:
    """GELU with the range of the gate expanded from (0, 1) to (-alpha, 1 + alpha).

    The paper trains alpha from 0, where it is `gelu`; it is fixed here.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(xgelu(np.array([-1.0, 0.0, 2.0]), alpha=0.5)).round(4).tolist()
        [0.1827, 0.0, 2.909]

    Reference:
        arXiv:2405.20768, Expanded Gating Ranges Improve Activation Functions.
    """
    return nx.normal_gated(x, -alpha, 1.0 + alpha, middle=0.5)


xgelu.derivative(lambda x, alpha: nx.normal_gated_derivative(x, -alpha, 1.0 + alpha, middle=0.5))
xgelu.second_derivative(lambda x, alpha: nx.normal_gated_second_derivative(x, -alpha, 1.0 + alpha))
