"""Jumps at a threshold: gates that let large inputs through, and binary units."""

from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _above(x, threshold, value=0.0):
    """1 where x > threshold, else 0; at the threshold 0."""
    return ops.where(x > threshold, ops.ones_like(x), 0.0)


@activation(
    formula=r"x \, [x > \theta] + v \, [x \leq \theta]",
    traits={Trait.PIECEWISE_LINEAR, Trait.SPARSE},
    aliases={"paddle": "thresholded_relu(threshold=1.0, value=0.0)"},
    derivative=_above,
    kinks=lambda threshold, value: (threshold,),
)
def threshold(
    x: nx.Tensor,
    threshold: Annotated[float, Param("input at and below which the value is returned")] = 0.0,
    value: Annotated[float, Param("output where the unit is off")] = 0.0,
) -> nx.Tensor:
    """The input where it is above a threshold, else a constant.

    f(x) = x if x > threshold, else value

    Keras and torch have no defaults, so that `Activation("threshold")` fails there; ours are those of `relu`. Keras
    calls the second parameter `default_value`. The derivative at the threshold is 0.

    Args:
        x: float tensor of any shape.
        threshold: float, input at and below which the value is returned.
        value: float, output where the unit is off.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(threshold(np.array([-2.0, 1.0, 3.0]), threshold=1.0, value=-0.5)).tolist()
        [-0.5, -0.5, 3.0]
    """
    return ops.where(x <= threshold, value, x)


def _threshold_kink(threshold):
    return (threshold,)


@activation(
    formula=r"x \, [x > \theta]",
    paper="arXiv:1402.3337",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.SPARSE},
    aliases={"onnx": "ThresholdedRelu(threshold=1.0)"},
    derivative=_above,
    kinks=_threshold_kink,
)
def thresholded_relu(
    x: nx.Tensor, threshold: Annotated[float, Param("input at and below which the unit is off", low=0.0)] = 1.0
) -> nx.Tensor:
    """ReLU that is off up to a threshold, and jumps there: sparse codes without a bias.

    f(x) = x if x > threshold, else 0

    Keras 3 has it as `relu(threshold=...)` only; the parameter is `theta` in Keras 2 and `alpha` in ONNX. The
    derivative at the threshold is 0.

    Args:
        x: float tensor of any shape.
        threshold: float >= 0, input at and below which the unit is off.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(thresholded_relu(np.array([-2.0, 1.0, 3.0]))).tolist()
        [0.0, 0.0, 3.0]

    Reference:
        arXiv:1402.3337, Zero-Bias Autoencoders and the Benefits of Co-Adapting Features.
    """
    return ops.where(x <= threshold, 0.0, x)


@activation(
    formula=r"x \, [x > \theta]",
    paper="arXiv:2407.14435",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.SPARSE},
    derivative=_above,
    kinks=_threshold_kink,
)
def jump_relu(
    x: nx.Tensor, threshold: Annotated[float, Param("input at and below which the unit is off", low=0.0)] = 0.001
) -> nx.Tensor:
    """The activation of JumpReLU sparse autoencoders, with a fixed threshold.

    f(x) = x if x > threshold, else 0

    The default is the threshold that the paper starts training from. This is `thresholded_relu` with its plain
    derivative; the paper learns the threshold through a straight-through estimator. relu(x - threshold), which also
    goes by this name, is another function.

    Args:
        x: float tensor of any shape.
        threshold: float >= 0, input at and below which the unit is off.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(jump_relu(np.array([-2.0, 0.5, 3.0]), threshold=0.5)).tolist()
        [0.0, 0.0, 3.0]

    Reference:
        arXiv:2407.14435, Jumping Ahead: Improving Reconstruction Fidelity with JumpReLU Sparse Autoencoders.
    """
    return ops.where(x <= threshold, 0.0, x)


def _flat(x, threshold=0.0):
    return ops.zeros_like(x)


def _two_valued(x, threshold, below):
    return ops.where(x >= threshold, 1.0, ops.where(x < threshold, below, x))  # NaN is neither, and stays


@activation(
    formula=r"[x \geq \theta]",
    paper="McCulloch & Pitts 1943",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED, Trait.SPARSE},
    aliases={"mlx": "step(threshold=0.0)"},
    derivative=_flat,
    kinks=_threshold_kink,
)
def step(x: nx.Tensor, threshold: Annotated[float, Param("smallest input that gives 1")] = 0.0) -> nx.Tensor:
    """Heaviside step: the first artificial neuron.

    f(x) = 1 if x >= threshold, else 0

    The derivative is 0 everywhere, so nothing below it is trained. At the threshold it is 1 as in mlx; some libraries
    give 0.

    Args:
        x: float tensor of any shape.
        threshold: float, smallest input that gives 1.

    Returns:
        Tensor of the same shape and dtype as x, of 0 and 1.

    Example:
        >>> np.asarray(step(np.array([-2.0, 0.0, 3.0]))).tolist()
        [0.0, 1.0, 1.0]

    Reference:
        McCulloch & Pitts 1943, A Logical Calculus of the Ideas Immanent in Nervous Activity.
    """
    return _two_valued(x, threshold, 0.0)


@activation(
    formula=r"[x \geq 0] - [x < 0]",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED},
    derivative=_flat,
    kinks=(0.0,),
)
def bipolar(x: nx.Tensor) -> nx.Tensor:
    """Sign of the input, as binary networks take it: never 0.

    f(x) = 1 if x >= 0, else -1

    The derivative is 0 everywhere, so nothing below it is trained. ActTensor gives -1 at 0.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, of -1 and 1.

    Example:
        >>> np.asarray(bipolar(np.array([-2.0, 0.0, 3.0]))).tolist()
        [-1.0, 1.0, 1.0]
    """
    return _two_valued(x, 0.0, -1.0)
