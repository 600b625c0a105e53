"""Rectifiers: relu and its piecewise linear and polynomial relatives."""

from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


@activation(
    formula=r"x",
    traits={Trait.PIECEWISE_LINEAR, Trait.SMOOTH, Trait.MONOTONIC, Trait.ODD, Trait.SINGLE_ROUNDING},
    aliases={
        "keras": "linear",
        "torch": "Identity",
        "jax": "identity",
        "flax": "identity",
        "timm": "identity",
        "hf": "linear",
    },
)
def identity(x: nx.Tensor) -> nx.Tensor:
    """No activation: the input itself. Keras calls it "linear".

    f(x) = x

    Args:
        x: float tensor of any shape.

    Returns:
        x.

    Example:
        >>> np.asarray(identity(np.array([-2.0, 3.0]))).tolist()
        [-2.0, 3.0]
    """
    return x


def _relu_value(x, negative_slope, max_value, threshold):
    above = x if max_value is None else ops.minimum(x, max_value)
    # `threshold - x` is not used below the threshold of -inf: 0 * inf would be NaN.
    below = negative_slope * (x - threshold) if negative_slope else ops.minimum(ops.abs(x), 0.0)
    return ops.where(x > threshold, above, below)


def _relu_kinks(negative_slope, max_value, threshold):
    return (threshold,) if max_value is None else (threshold, max(threshold, max_value))


@activation(
    formula=r"\max(x, 0)",
    paper="Nair & Hinton 2010",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.SPARSE, Trait.SINGLE_ROUNDING},
    aliases={
        "keras": "relu",
        "torch": "ReLU",
        "jax": "relu",
        "flax": "relu",
        "timm": "relu",
        "hf": "relu",
        "tf": "relu",
    },
    kinks=_relu_kinks,
)
def relu(
    x: nx.Tensor,
    negative_slope: Annotated[float, Param("slope below the threshold", low=0.0)] = 0.0,
    max_value: Annotated[float | None, Param("largest output; None for no limit", low=0.0)] = None,
    threshold: Annotated[float, Param("input at and below which the unit is off", low=0.0)] = 0.0,
) -> nx.Tensor:
    """Rectified linear unit, in Keras' general form.

    f(x) = max(x, 0) by default; in general min(x, max_value) if x > threshold, else negative_slope (x - threshold)

    The default hidden activation of most networks: cheap, and its gradient does not fade for positive inputs. A unit
    whose input stays negative gets no gradient ("dead" unit); `leaky_relu` and `elu` avoid that. Pair it with
    `HeNormal`. The derivative at a kink is that of the lower side. torch, jax and `keras.ops.relu` take no parameters.

    Args:
        x: float tensor of any shape.
        negative_slope: float >= 0, slope below the threshold.
        max_value: float >= 0 or None, largest output.
        threshold: float >= 0, input at and below which the unit is off.

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
    general = nx.upcast(lambda wide: _relu_value(wide, negative_slope, max_value, threshold))
    return general(x)


@activation(
    formula=r"\min(\max(x, 0), 6)",
    paper="Krizhevsky 2010",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED, Trait.SPARSE, Trait.SINGLE_ROUNDING},
    aliases={
        "keras": "relu6",
        "torch": "ReLU6",
        "jax": "relu6",
        "flax": "relu6",
        "timm": "relu6",
        "hf": "relu6",
        "tf": "relu6",
    },
    kinks=(0.0, 6.0),
)
def relu6(x: nx.Tensor) -> nx.Tensor:
    """ReLU with a ceiling of 6, for low-precision inference.

    f(x) = min(max(x, 0), 6)

    The derivative is 0 at both kinks.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 6].

    Example:
        >>> np.asarray(relu6(np.array([-2.0, 0.5, 9.0]))).tolist()
        [0.0, 0.5, 6.0]

    Reference:
        Krizhevsky 2010, Convolutional Deep Belief Networks on CIFAR-10.
    """
    return ops.relu6(x)


def _leaky_relu_slope(x, negative_slope):
    return ops.where(x > 0.0, ops.ones_like(x), negative_slope)


@activation(
    formula=r"\max(x, 0) + a \min(x, 0)",
    paper="Maas et al. 2013",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC},
    aliases={
        "keras": "leaky_relu",
        "tf": "leaky_relu",
        "torch": "LeakyReLU(negative_slope=0.01)",
        "jax": "leaky_relu(negative_slope=0.01)",
        "flax": "leaky_relu(negative_slope=0.01)",
        "timm": "leaky_relu(negative_slope=0.01)",
        "hf": "leaky_relu(negative_slope=0.01)",
    },
    derivative=_leaky_relu_slope,
    kinks=(0.0,),
)
def leaky_relu(x: nx.Tensor, negative_slope: Annotated[float, Param("slope for x < 0", low=0.0)] = 0.2) -> nx.Tensor:
    """ReLU that keeps a small slope for negative inputs.

    f(x) = x if x > 0, else negative_slope x

    Its units cannot die. Frameworks disagree on the slope: Keras' function 0.2 (taken here), its layer 0.3, torch,
    jax, timm and Hugging Face 0.01; `get("torch:LeakyReLU")` gives theirs. The derivative at 0 is negative_slope.

    Args:
        x: float tensor of any shape.
        negative_slope: float >= 0, slope for x < 0.

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


def _relu2_curvature(x):
    return ops.where(x > 0.0, 2.0 * ops.ones_like(x), 0.0)


@nx.with_derivative(_relu2_curvature)
def _relu2_slope(x):
    return 2.0 * ops.relu(x)


@activation(
    formula=r"\max(x, 0)^2",
    paper="arXiv:2109.08668",
    traits={Trait.MONOTONIC, Trait.SPARSE},
    aliases={"hf": "relu2", "timm": "relu2"},
    derivative=_relu2_slope,
    kinks=(0.0,),
)
def relu2(x: nx.Tensor) -> nx.Tensor:
    """Squared ReLU, found by architecture search for Transformers (Primer); used in Nemotron-4 and BitNet.

    f(x) = max(x, 0)^2

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(relu2(np.array([-2.0, 0.5, 3.0]))).tolist()
        [0.0, 0.25, 9.0]

    Reference:
        arXiv:2109.08668, Primer: Searching for Efficient Transformers for Language Modeling.
    """
    return ops.square(ops.relu(x))
