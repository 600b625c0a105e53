"""SELU for any fixed point, and the dropout that keeps a self-normalising network normalised."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
from typing_extensions import override

from keras_acts import activations
from keras_acts.analysis import moments
from keras_acts.analysis.elementwise import Elementwise, as_function, is_layer
from keras_acts.analysis.fixed_points import selu_constants
from keras_acts.core import operations as ops
from keras_acts.core import params
from keras_acts.layers.base import ActivationLayer, Tensor
from keras_acts.layers.layer_registry import layer
from keras_acts.layers.stochastic import RandomActivation

__all__ = ["SELU", "AlphaDropout", "dropout_for"]

# Where a function with a limit at minus infinity has reached it, softsign (1e-8 away) included.
FAR_LEFT = (-1e8, -1e16, -1e32)


def drop(x: Tensor, noise: Tensor, rate: float, saturation: float, mean: float, variance: float) -> Tensor:
    """x, saturated where noise uniform in [0, 1) says so, then moved and scaled to keep mean and variance."""
    keep = 1.0 - rate
    # As kept elements have this mean and variance, and the others are constant, all of them together have
    # mean keep mean + rate saturation and variance keep (variance + rate (mean - saturation)^2).
    spread = math.sqrt(variance / (variance + rate * (mean - saturation) ** 2))
    scale = spread / math.sqrt(keep) if keep > 0.0 else 0.0  # of none that are kept
    dropped = mean + math.sqrt(keep) * spread * (saturation - mean)
    shift = mean - scale * (keep * mean + rate * saturation)
    return ops.where(noise < keep, scale * x + shift, dropped)


@layer(formula=r"\lambda (\max(x, 0) + \alpha (e^{\min(x, 0)} - 1))", aliases={"torch": "SELU"})
class SELU(ActivationLayer):
    """SELU with the fixed point of your choice, and with its dropout.

    f(x) = scale x if x > 0, else scale alpha (exp(x) - 1), then AlphaDropout in training

    scale and alpha are solved for: a normal input of this mean and variance gives an output of the same. For 0 and 1
    they are those of the activation "selu".

    Args:
        mean: float, mean of the fixed point.
        variance: float > 0, variance of the fixed point.
        dropout_rate: float in [0, 1], share of the outputs that are dropped in training, as by `AlphaDropout`.
        seed: int, seed of the dropout; None for another one each time.

    Input shape:
        Any.

    Output shape:
        As the input.

    Raises:
        ValueError: if there are no scale, alpha > 0 with this fixed point.

    Example:
        >>> layer = keras_acts.layers.SELU(variance=2.0)
        >>> round(layer.scale, 4), round(layer.alpha, 4)
        (1.0607, 1.9713)
        >>> np.asarray(layer(np.array([[-1.0, 0.0, 2.0]])), "float64").round(4).tolist()
        [[-1.3217, 0.0, 2.1214]]

    Reference:
        arXiv:1706.02515, Self-Normalizing Neural Networks.
    """

    def __init__(
        self,
        mean: float = 0.0,
        variance: float = 1.0,
        dropout_rate: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.scale, self.alpha = selu_constants(mean, variance)
        self.mean, self.variance = float(mean), float(variance)
        self.dropout_rate = params.finite_number("dropout_rate", dropout_rate, "SELU", low=0.0, high=1.0)
        self.seed = None if seed is None else params.integer("seed", seed, "SELU")
        self.seed_generator = keras.random.SeedGenerator(self.seed) if self.dropout_rate else None
        self.built = True

    @override
    def activate(self, x: Tensor) -> Tensor:
        return self.scale * activations.elu(x, alpha=self.alpha)

    @override
    def sample(self, x: Tensor) -> Tensor:
        noise = keras.random.uniform(ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        saturation = -self.scale * self.alpha
        return drop(self.activate(x), noise, self.dropout_rate, saturation, self.mean, self.variance)

    @override
    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        return self.upcast(self.sample if training and self.dropout_rate else self.activate, inputs)


@layer(
    formula=r"a (d x + (1 - d) \alpha') + b, \quad d \sim \mathrm{Bernoulli}(1 - rate)",
    aliases={
        "keras": {"AlphaDropout": lambda rate: {"rate": rate}},
        "torch": {
            "AlphaDropout": lambda p=0.5, inplace=False: {"rate": p},
            "FeatureAlphaDropout": lambda p=0.5, inplace=False: {"rate": p, "noise_shape": "channels"},
        },
        "torch paddle": {
            "alpha_dropout": lambda p=0.5: {"rate": p},
            "feature_alpha_dropout": lambda p=0.5: {"rate": p, "noise_shape": "channels"},
        },
        "paddle": {"AlphaDropout": lambda p=0.5: {"rate": p}},
    },
)
class AlphaDropout(RandomActivation):
    """Dropout that keeps mean and variance, for after selu or another self-normalising activation.

    f(x) = a (x if kept else alpha') + b in training, x in inference

    alpha' is the value at which the activation saturates on the left: the state of a unit that is off. a and b bring
    mean 0 and variance 1 back. At rate 1 every output is 0, and so is the gradient. Plain dropout sets units to 0,
    which for such activations is not off, and lets the variance grow from layer to layer.

    Args:
        rate: float in [0, 1], share of the elements that are dropped.
        activation: name, spec string or callable: the self-normalising activation that comes before, such as "selu" or
            `keras_acts.initializers.standardize("elu")`.
        noise_shape: None, or the shape of the random choices, of which size 1 is shared along an axis and None is the
            input's size. "channels", which is (None, 1, 1, None) for images, drops whole channels of each sample, as
            torch's FeatureAlphaDropout does.
        seed: int, seed of the random numbers; None for another one each time.

    Input shape:
        Any.

    Output shape:
        As the input.

    Raises:
        ValueError: if the activation is not self-normalising, or has no finite limit at minus infinity.

    Example:
        >>> layer = keras_acts.layers.AlphaDropout(0.1)
        >>> round(layer.saturation, 4)
        -1.7581
        >>> x = np.array([[0.5, -0.5]])
        >>> np.asarray(layer(x)).tolist()
        [[0.5, -0.5]]

    Reference:
        arXiv:1706.02515, Self-Normalizing Neural Networks.
    """

    def __init__(
        self,
        rate: float,
        activation: Any = "selu",
        noise_shape: Sequence[int | None] | Literal["channels"] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = params.finite_number("rate", rate, "AlphaDropout", low=0.0, high=1.0)
        self.activation = as_function(activation)
        if is_layer(activation) or not _is_self_normalizing(self.activation):
            raise ValueError(
                "AlphaDropout keeps mean 0 and variance 1, so the activation before it must be a function that does "
                "so, such as 'selu' or keras_acts.initializers.standardize('elu'). Use keras.layers.Dropout after "
                f"others. Received: activation={activation!r}"
            )
        saturation = _limit_on_the_left(self.activation)
        if saturation is None:
            raise ValueError(
                "AlphaDropout sets units to the value at which the activation saturates on the left, and this one has "
                f"no finite limit at minus infinity. Received: activation={activation!r}"
            )
        self.saturation = saturation
        if isinstance(noise_shape, str):
            params.choice("noise_shape", noise_shape, "AlphaDropout", ("channels",))
        self.noise_shape = noise_shape if noise_shape is None or isinstance(noise_shape, str) else list(noise_shape)

    @override
    def activate(self, x: Tensor) -> Tensor:
        return x

    @override
    def sample(self, x: Tensor) -> Tensor:
        sizes = ops.shape(x)
        wanted = [None] * len(sizes) if self.noise_shape is None else self.noise_shape
        if wanted == "channels":
            channels = self._channel_axis(x.shape)
            wanted = [None if axis in (0, channels) else 1 for axis in range(len(sizes))]
        if len(wanted) != len(sizes):
            raise ValueError(
                f"`noise_shape` of AlphaDropout must have one entry for each axis of the input. "
                f"Received: noise_shape={self.noise_shape} for an input of shape {tuple(x.shape)}"
            )
        shape = tuple(size if given is None else given for size, given in zip(sizes, wanted, strict=True))
        noise = keras.random.uniform(shape, dtype=x.dtype, seed=self.seed_generator)
        return drop(x, noise, self.rate, self.saturation, 0.0, 1.0)


def dropout_for(activation: Any, rate: float, seed: int | None = None) -> keras.Layer:
    """The dropout layer that fits an activation.

    Args:
        activation: name, spec string, callable or layer: the activation that comes before the dropout.
        rate: float in [0, 1], share of the elements that are dropped.
        seed: int, seed of the random numbers; None for another one each time.

    Returns:
        An `AlphaDropout` for self-normalising activations that saturate on the left, such as "selu"; else a
        `keras.layers.Dropout`.

    Raises:
        ValueError: for an unknown name, a rate outside [0, 1], or a `SELU` layer, which has its own dropout.

    Example:
        >>> [type(keras_acts.layers.dropout_for(name, 0.1)).__name__ for name in ("selu", "gelu")]
        ['AlphaDropout', 'Dropout']
    """
    rate = params.finite_number("rate", rate, "dropout_for", low=0.0, high=1.0)
    if isinstance(activation, SELU):
        raise ValueError(
            "A SELU layer has its own dropout, for its fixed point: "
            f"keras_acts.layers.SELU(dropout_rate={rate!r}). Received: {activation!r}"
        )
    if not is_layer(activation):
        function = as_function(activation)
        if _is_self_normalizing(function) and _limit_on_the_left(function) is not None:
            return AlphaDropout(rate, function, seed=seed)
    return keras.layers.Dropout(rate, seed=seed)


def _is_self_normalizing(function: Any) -> bool:
    """As `Statistics.self_normalizing`, but for the digits that constants in float32 lack."""
    try:
        measured = Elementwise(function)
        mean, second_moment = moments.value_moments(measured)
        response = moments.variance_response(measured)
    except ValueError:  # over an axis, without a second moment, ...
        return False
    return abs(mean) < 1e-6 and abs(second_moment - 1.0) < 1e-6 and response < 1.0 - 1e-6


def _limit_on_the_left(function: Any) -> float | None:
    """The limit of an activation at minus infinity, or None if it has no finite one."""
    values = Elementwise(function).value(np.array(FAR_LEFT))
    reached = np.isfinite(values).all() and np.ptp(values) <= 1e-7 * max(1.0, abs(values[-1]))
    return float(values[-1]) if reached else None
