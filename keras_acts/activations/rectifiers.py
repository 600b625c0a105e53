"""Rectifiers: relu and what is made of it by bounding, shifting or bending one of its halves."""

import math
from functools import cache
from typing import Annotated

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

__all__ = ["jump_relu", "leaky_relu", "nl_relu", "q_relu", "relu", "relu6", "relu_n", "sine_relu", "threshold"]
__all__ += ["thresholded_relu"]

LargestOff = Annotated[float, Param("input at and below which the unit is off", low=0.0, any_size=True)]


def _general_relu(x: nx.Tensor, negative_slope: float, max_value: float | None, threshold: float) -> nx.Tensor:
    above = x if max_value is None else ops.minimum(x, max_value)
    # negative_slope * -inf would be NaN for a slope of 0; min(|x|, 0) is 0 for every x but NaN, which stays.
    below = negative_slope * (x - threshold) if negative_slope else ops.minimum(ops.abs(x), 0.0)
    return ops.where(x > threshold, above, below)


def _relu_kinks(negative_slope: float, max_value: float | None, threshold: float) -> tuple[float, ...]:
    return (threshold,) if max_value is None else (threshold, max(threshold, max_value))


def _of_physicsnemo(cap_value: float = 1.0, negative_slope: float = 0.01) -> dict[str, float]:
    return {"negative_slope": negative_slope, "max_value": cap_value}


@activation(
    formula={
        "negative_slope=0.0, max_value=None, threshold=0.0": "max(x, 0)",
        "max_value=None": "where(x > threshold, x, negative_slope * (x - threshold))",
        "": "where(x > threshold, min(x, max_value), negative_slope * (x - threshold))",
    },
    traits={"piecewise_linear", "monotonic", "sparse", "single_rounding"},
    aliases={
        "keras jax flax timm hf tf": "relu",
        "torch": "ReLU relu(inplace=False)",
        "onnx": "Relu",
        "physicsnemo": {"CappedLeakyReLU": _of_physicsnemo},
    },
    kinks=_relu_kinks,
)
def relu(
    x: nx.Tensor,
    negative_slope: Annotated[float, Param("slope below the threshold", low=0.0)] = 0.0,
    max_value: Annotated[float | None, Param("largest output; None for no limit", low=0.0, any_size=True)] = None,
    threshold: Annotated[float, Param("input at and below which the unit is off", low=0.0)] = 0.0,
) -> nx.Tensor:
    """Rectified linear unit, in Keras' general form.

    The default hidden activation of most networks: cheap, and its gradient does not fade for positive inputs. A unit
    whose input stays negative gets no gradient ("dead" unit); `leaky_relu` and `elu` avoid that. Pair it with
    `HeNormal`. The derivative at a kink is that of the lower side. torch, jax and `keras.ops.relu` take no parameters.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(relu(np.array([-2.0, 0.5, 9.0]))).tolist()
        [0.0, 0.5, 9.0]
        >>> np.asarray(relu(np.array([-2.0, 0.5, 9.0]), max_value=6.0)).tolist()
        [0.0, 0.5, 6.0]

    Reference:
        Nair & Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines.
    """
    if not negative_slope and not threshold:
        rectified = ops.relu(x)
        return rectified if max_value is None else ops.minimum(rectified, max_value)
    # The general form rounds more than once, so half precision is upcast for it.
    return nx.upcast(lambda x: _general_relu(x, negative_slope, max_value, threshold))(x)


@activation(
    formula="max(x, 0) + negative_slope * min(x, 0)",
    traits={"piecewise_linear", "monotonic"},
    aliases={
        "keras": "leaky_relu",
        "tf": {"leaky_relu": lambda alpha=0.2: {"negative_slope": alpha}},
        "torch": "LeakyReLU leaky_relu(negative_slope=0.01, inplace=False)",
        "jax flax": "leaky_relu(negative_slope=0.01)",
        "timm hf": "leaky_relu(*, negative_slope=0.01)",
        "onnx": {"LeakyRelu": lambda alpha=0.01: {"negative_slope": alpha}},
    },
    kinks=(0.0,),
)
def leaky_relu(x: nx.Tensor, negative_slope: Annotated[float, Param("slope for x < 0", low=0.0)] = 0.2) -> nx.Tensor:
    """ReLU that keeps a small slope for negative inputs.

    Its units cannot die. Frameworks disagree on the slope: Keras' function 0.2 (taken here), its layer 0.3, torch,
    jax, timm and Hugging Face 0.01; `get("torch:LeakyReLU")` gives theirs. The derivative at 0 is negative_slope.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(leaky_relu(np.array([-5.0, 0.0, 5.0]))).tolist()
        [-1.0, 0.0, 5.0]

    Reference:
        Maas et al. 2013, Rectifier Nonlinearities Improve Neural Network Acoustic Models.
    """
    if not negative_slope:
        return ops.relu(x)  # 0 * -inf would be NaN
    # For slopes up to 1 the larger of the two lines is the answer, above 1 the smaller.
    return ops.maximum(x, negative_slope * x) if negative_slope <= 1.0 else ops.minimum(x, negative_slope * x)


@leaky_relu.derivative
def _leaky_relu_derivative(x: nx.Tensor, negative_slope: float) -> nx.Tensor:
    return ops.where(x > 0.0, ops.ones_like(x), negative_slope)


@activation(
    formula="min(max(x, 0), 6)",
    traits={"piecewise_linear", "monotonic", "bounded", "sparse", "single_rounding"},
    aliases={"keras jax flax timm hf tf": "relu6", "torch": "ReLU6 relu6(inplace=False)"},
    kinks=(0.0, 6.0),
)
def relu6(x: nx.Tensor) -> nx.Tensor:
    """ReLU with a ceiling of 6, for low-precision inference.

    The derivative is 0 at both kinks.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 6].

    Example:
        >>> np.asarray(relu6(np.array([-2.0, 0.5, 9.0]))).tolist()
        [0.0, 0.5, 6.0]

    Reference:
        Krizhevsky 2010, Convolutional Deep Belief Networks on CIFAR-10.
    """
    return ops.relu6(x)


def _of_torch(threshold: float, value: float, inplace: bool = False) -> dict[str, float]:
    return {"threshold": threshold, "value": value}


@activation(
    formula="where(x > threshold, x, value)",
    traits={"piecewise_linear", "sparse"},
    aliases={"paddle": "thresholded_relu(threshold=1.0, value=0.0)", "torch": {"Threshold threshold": _of_torch}},
    kinks=lambda threshold, value: (threshold,),
)
def threshold(
    x: nx.Tensor,
    threshold: Annotated[float, Param("input at and below which the value is returned", any_size=True)] = 0.0,
    value: Annotated[float, Param("output where the unit is off", any_size=True)] = 0.0,
) -> nx.Tensor:
    """The input where it is above a threshold, else a constant.

    Keras and torch have no defaults, so that `Activation("threshold")` fails there; ours are those of `relu`. Keras
    calls the second parameter `default_value`. The derivative at the threshold is 0.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(threshold(np.array([-2.0, 1.0, 3.0]), threshold=1.0, value=-0.5)).tolist()
        [-0.5, -0.5, 3.0]
    """
    return ops.where(x <= threshold, value, x)


@threshold.derivative
def _threshold_derivative(x: nx.Tensor, threshold: float, value: float = 0.0) -> nx.Tensor:
    return ops.where(x > threshold, ops.ones_like(x), 0.0)


@activation(
    formula="where(x > threshold, x, 0)",
    traits={"piecewise_linear", "monotonic", "sparse"},
    aliases={
        "keras2": {"ThresholdedReLU": lambda theta=1.0: {"threshold": theta}},
        "onnx": {"ThresholdedRelu": lambda alpha=1.0: {"threshold": alpha}},
    },
    kinks=lambda threshold: (threshold,),
)
def thresholded_relu(x: nx.Tensor, threshold: LargestOff = 1.0) -> nx.Tensor:
    """ReLU that is off up to a threshold, and jumps there: sparse codes without a bias.

    Keras 3 has it as `relu(threshold=...)` only; the parameter is `theta` in Keras 2 and `alpha` in ONNX. The
    derivative at the threshold is 0.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(thresholded_relu(np.array([-2.0, 1.0, 3.0]))).tolist()
        [0.0, 0.0, 3.0]

    Reference:
        arXiv:1402.3337, Zero-Bias Autoencoders and the Benefits of Co-Adapting Features.
    """
    return ops.where(x <= threshold, 0.0, x)


thresholded_relu.derivative(_threshold_derivative)


@activation(
    formula="min(max(x, 0), max_value)",
    traits={"piecewise_linear", "monotonic", "bounded", "sparse", "single_rounding"},
    aliases={"thinc": {"relu_k": lambda n=6.0: {"max_value": n}}},
    kinks=lambda max_value: (0.0, max_value),
)
def relu_n(x: nx.Tensor, max_value: Annotated[float, positive("largest output")] = 1.0) -> nx.Tensor:
    """ReLU with a ceiling; `relu6` is the one with 6.

    The derivative is 0 at both kinks.

    Returns:
        Tensor of the same shape and dtype as x, in [0, max_value].

    Example:
        >>> np.asarray(relu_n(np.array([-2.0, 0.5, 9.0]))).tolist()
        [0.0, 0.5, 1.0]
    """
    return ops.clip(x, 0.0, max_value)


relu_n.derivative(lambda x, max_value: ops.where(x > 0.0, ops.where(x < max_value, ops.ones_like(x), 0.0), 0.0))


@activation(
    formula="where(x > threshold, x, 0)",
    traits={"piecewise_linear", "monotonic", "sparse"},
    kinks=lambda threshold: (threshold,),
)
def jump_relu(x: nx.Tensor, threshold: LargestOff = 0.001) -> nx.Tensor:
    """The activation of JumpReLU sparse autoencoders, with a fixed threshold.

    The default is the threshold that the paper starts training from. This is `thresholded_relu` with its plain
    derivative; the paper learns the threshold by a surrogate gradient, as `keras_acts.layers.JumpReLU` does.
    relu(x - threshold), which also goes by this name, is another function.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(jump_relu(np.array([-2.0, 0.5, 3.0]), threshold=0.5)).tolist()
        [0.0, 0.0, 3.0]

    Reference:
        arXiv:2407.14435, Jumping Ahead: Improving Reconstruction Fidelity with JumpReLU Sparse Autoencoders.
    """
    return ops.where(x <= threshold, 0.0, x)


jump_relu.derivative(_threshold_derivative)


@activation(
    formula="log(1 + beta * max(x, 0))",
    traits={"monotonic", "sparse"},
    aliases={"echo": "NLReLU(beta=1.0)"},
    kinks=(0.0,),
)
def nl_relu(x: nx.Tensor, beta: Annotated[float, positive("slope at 0")] = 1.0) -> nx.Tensor:
    """Natural logarithm of ReLU: compresses large activations.

    The derivative at 0 is 0.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(nl_relu(np.array([-2.0, 0.5, 9.0]))).round(4).tolist()
        [0.0, 0.4055, 2.3026]

    Reference:
        arXiv:1908.03682, Natural-Logarithm-Rectified Activation Function in Convolutional Neural Networks.
    """
    rectified = ops.relu(x)
    if beta <= 1.0:
        return nx.log1p(beta * rectified)
    far = math.log(beta) + ops.log(1.0 / beta + ops.maximum(rectified, 1.0))  # beta x may overflow
    return ops.where(x > 1.0, far, nx.log1p(beta * ops.minimum(rectified, 1.0)))


@nl_relu.derivative
def _nl_relu_derivative(x: nx.Tensor, beta: float) -> nx.Tensor:
    rectified = ops.relu(x)
    # beta x overflows for beta > 1, x / beta does not.
    above = beta / (1.0 + beta * rectified) if beta <= 1.0 else 1.0 / (1.0 / beta + rectified)
    return ops.where(x > 0.0, above, 0.0)


nl_relu.second_derivative(lambda x, beta: -ops.square(_nl_relu_derivative(x, beta=beta)))


@cache
def _sine_relu_kink(epsilon: float) -> float:
    """Where x = epsilon (sin x - cos x), by Newton's method for epsilon <= 0.5.

    What is left over in one sum of small terms: the number next to the result must lie beyond the kink.
    """
    x = 0.0
    for _ in range(20):
        left = math.fsum((-epsilon, epsilon * math.sin(x), 2.0 * epsilon * math.sin(0.5 * x) ** 2, -x))
        x += left / (1.0 - epsilon * (math.cos(x) + math.sin(x)))
    return x + 0.0  # not -0


@activation(
    formula="max(x, epsilon * (sin(x) - cos(x)))",
    traits={"non_monotonic", "oscillating"},
    aliases={"keras_contrib": "SineReLU(epsilon=0.0025)"},
    kinks=lambda epsilon: (_sine_relu_kink(epsilon),),
)
def sine_relu(
    x: nx.Tensor, epsilon: Annotated[float, Param("amplitude of the wave", low=0.0, high=0.5)] = 0.0025
) -> nx.Tensor:
    """ReLU with a small wave in place of the zero half, so that its units do not die.

    As in keras-contrib; some ports take the wave for all x <= 0, which jumps at 0. The derivative at the kink, near
    -epsilon, is that of the wave.

    Returns:
        Tensor of the same shape and dtype as x; NaN at +-inf, where the wave has no limit.

    Example:
        >>> np.asarray(sine_relu(np.array([-2.0, 0.0, 3.0]))).round(4).tolist()
        [-0.0012, 0.0, 3.0]

    Reference:
        Rodrigues 2018, SineReLU: An Alternative to the ReLU Activation Function.
    """
    wave = epsilon * (nx.sine(x) - nx.cosine(x))
    return ops.where(ops.abs(x) <= nx.largest(x), ops.maximum(x, wave), wave)  # XLA's maximum of inf and NaN is inf


@sine_relu.derivative
def _(x: nx.Tensor, epsilon: float) -> nx.Tensor:
    wave = epsilon * (nx.cosine(x) + nx.sine(x))
    return ops.where(x > _sine_relu_kink(epsilon), 1.0, wave)


@sine_relu.second_derivative
def _(x: nx.Tensor, epsilon: float) -> nx.Tensor:
    wave = epsilon * (nx.cosine(x) - nx.sine(x))
    return ops.where(x > _sine_relu_kink(epsilon), 0.0, wave)


@activation(formula="max(x, 0) - 1.99 * min(x, 0)", traits={"piecewise_linear", "non_monotonic"}, kinks=(0.0,))
def q_relu(x: nx.Tensor) -> nx.Tensor:
    """Quantum ReLU: positive and steep on the left, so that its units do not die.

    The form of the authors' published code; ActTensor computes 0.01 x (x - 2) for x <= 0. The derivative at 0 is -1.99.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf].

    Example:
        >>> np.asarray(q_relu(np.array([-2.0, 0.5, 3.0]))).tolist()
        [3.98, 0.5, 3.0]

    Reference:
        arXiv:2010.08031, QReLU and m-QReLU: Two Novel Quantum Activation Functions to Aid Medical Diagnostics.
    """
    return ops.where(x > 0.0, x, -1.99 * x)


q_relu.derivative(lambda x: _leaky_relu_derivative(x, -1.99))
