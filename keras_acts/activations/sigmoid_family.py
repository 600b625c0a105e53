"""Sigmoids: monotonic, bounded, S-shaped; and their logarithm."""

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Trait


@activation(
    formula=r"\frac{1}{1 + e^{-x}}",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED},
    aliases={
        "keras": "sigmoid",
        "tf": "sigmoid",
        "torch": "Sigmoid",
        "jax": "sigmoid",
        "flax": "sigmoid",
        "timm": "sigmoid",
        "hf": "sigmoid",
    },
    derivative=nx.sigmoid_slope,
)
def sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Logistic function: a probability from a logit.

    f(x) = 1 / (1 + exp(-x))

    For the output of a binary classifier and for gates. In hidden layers its derivative, at most 0.25, makes gradients
    vanish with depth.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(sigmoid(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1192, 0.5, 0.8808]
    """
    return nx.sigmoid(x)


def _log_sigmoid_curvature(x):
    return -nx.sigmoid_slope(x)


@nx.with_derivative(_log_sigmoid_curvature)
def _log_sigmoid_slope(x):
    return ops.sigmoid(-x)


@activation(
    formula=r"\log \sigma(x)",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={
        "keras": "log_sigmoid",
        "tf": "log_sigmoid",
        "torch": "LogSigmoid",
        "jax": "log_sigmoid",
        "flax": "log_sigmoid",
    },
    derivative=_log_sigmoid_slope,
)
def log_sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Logarithm of the sigmoid, without its overflow: a log-probability from a logit.

    f(x) = -log(1 + exp(-x))

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in (-inf, 0].

    Example:
        >>> np.asarray(log_sigmoid(np.array([-100.0, 0.0, 2.0]))).round(4).tolist()
        [-100.0, -0.6931, -0.1269]
    """
    return -nx.softplus(-x)


def _ramp_slope(x, half_width):
    """Derivative of a ramp from 0 at -half_width to 1 at half_width; 0 at both kinks."""
    return ops.where(ops.abs(x) < half_width, 0.5 / half_width, ops.zeros_like(x))


def _hard_sigmoid_slope(x):
    return _ramp_slope(x, 3.0)


@activation(
    formula=r"\min(\max(x + 3, 0), 6) / 6",
    paper="arXiv:1905.02244",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED},
    aliases={
        "keras": "hard_sigmoid",
        "torch": "Hardsigmoid",
        "jax": "hard_sigmoid",
        "flax": "hard_sigmoid",
        "timm": ("hard_sigmoid", "hardsigmoid"),
    },
    derivative=_hard_sigmoid_slope,
    kinks=(-3.0, 3.0),
)
def hard_sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Piecewise linear sigmoid with slope 1/6.

    f(x) = min(max(x + 3, 0), 6) / 6

    Three functions bear this name: Keras 3, torch, jax and timm have this one; Keras 2 and ONNX 0.2 x + 0.5
    (`hard_sigmoid_legacy`); BinaryConnect (x + 1) / 2. The derivative is 0 at both kinks.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(hard_sigmoid(np.array([-4.0, 0.0, 1.5]))).tolist()
        [0.0, 0.5, 0.75]

    Reference:
        arXiv:1905.02244, Searching for MobileNetV3.
    """
    return ops.relu6(x + 3.0) / 6.0


def _hard_sigmoid_legacy_slope(x):
    return _ramp_slope(x, 2.5)


@activation(
    formula=r"\min(\max(0.2 x + 0.5, 0), 1)",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED},
    aliases={"keras2": "hard_sigmoid", "onnx": "HardSigmoid"},
    derivative=_hard_sigmoid_legacy_slope,
    kinks=(-2.5, 2.5),
)
def hard_sigmoid_legacy(x: nx.Tensor) -> nx.Tensor:
    """The hard sigmoid of Keras 2, with slope 0.2: for models trained there, such as LSTMs.

    f(x) = min(max(0.2 x + 0.5, 0), 1)

    Keras 3 gave the name `hard_sigmoid` to another function, so an old file loads and predicts something else. The
    derivative is 0 at both kinks.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(hard_sigmoid_legacy(np.array([-4.0, 0.0, 1.25]))).tolist()
        [0.0, 0.5, 0.75]
    """
    # (x + 2.5) / 5 and not 0.2 x + 0.5: the sum is exact near the left kink, where the other form cancels.
    return ops.clip((x + 2.5) / 5.0, 0.0, 1.0)


def _cube(x):
    return x * ops.square(x)


def _softsign_curvature(x):
    return -2.0 * ops.sign(x) / _cube(1.0 + ops.abs(x))


@nx.with_derivative(_softsign_curvature)
def _softsign_slope(x):
    t = ops.abs(x)
    return 1.0 / (1.0 + t * (2.0 + t))  # (1 + t)^2 with one rounding less


@activation(
    formula=r"\frac{x}{1 + |x|}",
    paper="Turian et al. 2009",
    traits={Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={"keras": "softsign", "tf": "softsign", "torch": "Softsign", "jax": "soft_sign", "flax": "soft_sign"},
    derivative=_softsign_slope,
    kinks=(0.0,),
)
def softsign(x: nx.Tensor) -> nx.Tensor:
    """Algebraic sigmoid, which saturates far more slowly than tanh.

    f(x) = x / (1 + |x|)

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1].

    Example:
        >>> np.asarray(softsign(np.array([-1.0, 0.0, 3.0]))).tolist()
        [-0.5, 0.0, 0.75]

    Reference:
        Turian, Bergstra & Bengio 2009, Quadratic Features and Deep Architectures for Chunking.
    """
    finite = nx.finite(x)  # inf / inf would be NaN
    return finite / (1.0 + ops.abs(finite))
