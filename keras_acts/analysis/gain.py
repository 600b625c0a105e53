"""The gain of an activation: by how much weights must be larger than 1 / sqrt(fan_in) to keep the signal's size."""

import itertools
import math
from typing import Literal, get_args

from keras_acts.analysis import moments, roots
from keras_acts.analysis.elementwise import Activation, Elementwise, as_function
from keras_acts.core import params, resolve

__all__ = ["Convention", "gain"]

Convention = Literal["forward", "output", "centered", "backward", "torch"]


def gain(activation: Activation, convention: Convention = "forward") -> float:
    """By how much the weights behind an activation must be larger than LeCun's.

    forward: 1 / sqrt(E f(z)^2), z ~ N(0, 1)

    "The gain" is five different numbers in the wild, which agree only for relu and its leaky relatives. "forward" is
    the rule of He et al., which keeps the variance of pre-activations at 1; e3nn and EDM2 use it too, and so do the
    initializers here. The others are for comparing with code that uses them.

    Of a surrogate gradient, "backward" is about the surrogate, which is what gradients are multiplied with; all others
    are about the value.

    Args:
        activation: a name, a spec string such as "elu(alpha=0.5)", a callable of one float tensor, which is
            measured like any other, or an activation layer such as PReLU, which counts with its initial weights.
        convention: one of
            "forward", 1 / sqrt(E f(z)^2);
            "output", the s with E f(s z)^2 = 1, which keeps the second moment of outputs at 1 (AnyInit);
            "centered", 1 / std f(z), right for weights with mean 0 over each fan-in (NFNet, timm);
            "backward", 1 / sqrt(E f'(z)^2), or that of the surrogate, which keeps the variance of gradients;
            "torch", what torch.nn.init.calculate_gain returns, folklore where it is not "forward".

    Returns:
        The gain, a float > 0, to 1e-12 (but "torch").

    Raises:
        ValueError: for an unknown name or convention, an activation over an axis, one that gives NaN, has an infinite
            second moment, or has no such gain.
        TypeError: for something that is no activation.

    Example:
        >>> round(gain("gelu"), 6), round(gain("selu"), 6), round(gain("relu", convention="centered"), 6)
        (1.53353, 1.0, 1.712859)

    Reference:
        arXiv:1502.01852, Delving Deep into Rectifiers.
    """
    params.choice("convention", convention, "gain", get_args(Convention))
    if convention == "torch":
        return _torch(activation)
    measured = Elementwise(activation)
    if convention == "output":
        return _output(measured)
    if convention == "backward":
        return moments.inverse_root(moments.derivative_second_moment(measured), measured, "derivative")
    mean, second_moment = moments.value_moments(measured)
    if convention == "centered":
        # Both terms are known to 1e-15, so their difference is at least to that.
        return moments.inverse_root(second_moment - mean * mean, measured, "variance")
    return moments.inverse_root(second_moment, measured, "value")


def _output(measured: Elementwise) -> float:
    """The s nearest to 1 with E f(s z)^2 = 1."""

    def excess(log_std: float) -> float:
        return moments.value_moments(measured, variance=math.exp(2.0 * log_std))[1] - 1.0

    here = excess(0.0)
    steps = [0.1 * step for step in range(41)]
    for near, far in itertools.pairwise(steps):
        for sign in (1.0, -1.0):
            if excess(sign * far) * here <= 0.0:
                return math.exp(roots.between(excess, sign * near, sign * far))
    raise ValueError(
        f"The convention 'output' needs an s with E f(s z)^2 = 1, and there is none near 1 for '{measured.name}'. "
        "Received: convention='output'. Use convention='forward'"
    )


def _torch(activation: Activation) -> float:
    function = as_function(activation)
    declaration, given = resolve.declaration_of(function)
    table = {"identity": 1.0, "sigmoid": 1.0, "tanh": 5.0 / 3.0, "relu": math.sqrt(2.0), "selu": 0.75}
    if declaration is not None and declaration.name == "leaky_relu":
        asked = getattr(function, "params", {})  # of a bound activation
        return math.sqrt(2.0 / (1.0 + asked.get("negative_slope", 0.01) ** 2))  # torch's default, not Keras' 0.2
    if declaration is None or declaration.name not in table or given != declaration.defaults:
        raise ValueError(
            f"torch knows gains for {', '.join(table)} and leaky_relu only. Received: activation={activation!r}, "
            "convention='torch'. Use convention='forward'"
        )
    return table[declaration.name]
