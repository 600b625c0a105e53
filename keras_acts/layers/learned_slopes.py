"""Sigmoids and other curves whose slope at 0 is learned."""

from typing import Any

from typing_extensions import override

from keras_acts import activations
from keras_acts.core import params
from keras_acts.layers.at_infinity import product
from keras_acts.layers.base import Initializer, LearnableActivation, SharedAxes, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["AdaptiveSlope", "LearnableSigmoid", "Stan"]


@layer(formula=r"f(n a x)")
class AdaptiveSlope(LearnableActivation):
    """Any activation with a learned slope: the locally adaptive activation functions (L-LAAF) of physics networks.

    f(x) = activation(n slope x)

    It starts as the activation itself. The fixed factor n makes the slope change n times as fast as the other weights.
    Each layer has one slope; with shared_axes=None each unit has one (N-LAAF). DeepXDE's "LAAF-10 tanh" is
    `AdaptiveSlope("tanh", 10)` where its networks are given one string for each layer; of one string for all, they make
    one slope in all, which here is one layer called many times. PhysicsNeMo's `adaptive_activations` is n = 1 with one
    slope in all. The authors of N-LAAF also add a term to the loss, which is yours to add.

    Args:
        activation: name, spec string or callable, such as "tanh" or "sin".
        n: float > 0, fixed factor of the slope.
        slope_initializer: initial slope: a number or an initializer. None for 1 / n.
        shared_axes: "all" for one slope in all; None for one per channel; or axes along which it is shared.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.AdaptiveSlope("tanh", slope_initializer=0.2)
        >>> np.asarray(layer(np.array([[-2.0, 0.5, 3.0]])), "float64").round(4).tolist()
        [[-0.9993, 0.7616, 1.0]]

    Reference:
        arXiv:1909.12228, Locally Adaptive Activation Functions with Slope Recovery for Deep and Physics-Informed Neural
        Networks.
    """

    def __init__(
        self,
        activation: Any = "tanh",
        n: float = 10.0,
        slope_initializer: Initializer = None,
        shared_axes: SharedAxes = "all",
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.activation = self._hold(activation)
        self.n = params.finite_number("n", n, "AdaptiveSlope", low=0.0, exclusive=True)
        self.add_learnable_parameter("slope", 1.0 / self.n if slope_initializer is None else slope_initializer)

    @override
    def activate(self, x: Tensor, slope: Tensor) -> Tensor:
        return self.activation(product(x, self.n * slope))


def _one_dimensional(in_features: int, beta: float = 1.0) -> dict[str, Any]:
    return {"beta": beta, "channels": in_features}


def _of_speechbrain(in_features: int = 257) -> dict[str, Any]:
    return {"beta": 1.2, "channels": in_features}


@layer(
    formula=r"\beta \sigma(a x)",
    aliases={
        "mp_senet": {
            "LearnableSigmoid1d": _one_dimensional,
            "LearnableSigmoid2d": _one_dimensional,
            "PLSigmoid": lambda in_features: {"beta": 2.0, "learn_beta": True, "channels": in_features},
        },
        "speechbrain": {"Learnable_sigmoid": _of_speechbrain},
    },
)
class LearnableSigmoid(LearnableActivation):
    """Sigmoid with a learned slope for each channel, for masks of speech enhancement, whose channels are frequencies.

    f(x) = beta sigmoid(slope x)

    A mask may exceed 1: beta is 1.2 in MetricGAN+, 2 in MP-SENet's configuration.

    Args:
        beta: float > 0, height, or the initial one if it is learned.
        learn_beta: True to make beta a weight, with as many values as the slope.
        slope_initializer: initial slope: a number or an initializer.
        shared_axes: None for one weight per channel; axes along which it is shared; or "all" for one in all. Where
            frequencies are axis 1 and time is axis 2, [2].

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.LearnableSigmoid(beta=1.2)
        >>> np.asarray(layer(np.array([[-2.0, 0.5, 3.0]])), "float64").round(4).tolist()
        [[0.143, 0.747, 1.1431]]

    Reference:
        arXiv:2104.03538, MetricGAN+: An Improved Version of MetricGAN for Speech Enhancement; arXiv:2305.13686,
        MP-SENet: A Speech Enhancement Model with Parallel Denoising of Magnitude and Phase Spectra.
    """

    def __init__(
        self,
        beta: float = 1.0,
        learn_beta: bool = False,
        slope_initializer: Initializer = 1.0,
        shared_axes: SharedAxes = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, learned=("beta",), **kwargs)
        self.initial_beta = params.finite_number("beta", beta, "LearnableSigmoid", low=0.0, exclusive=True)
        self.learn_beta = params.flag("learn_beta", learn_beta, "LearnableSigmoid")
        self.add_learnable_parameter("slope", slope_initializer)
        if self.learn_beta:
            self.add_learnable_parameter("beta", self.initial_beta)

    @override
    def activate(self, x: Tensor, slope: Tensor, beta: Tensor | None = None) -> Tensor:
        return (self.initial_beta if beta is None else beta) * activations.sigmoid(product(x, slope))

    @override
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta": self.initial_beta, "learn_beta": self.learn_beta}


@layer(
    formula=r"\tanh(x) (1 + \beta x)",
    aliases={"physicsnemo": {"Stan": lambda out_features=1: {"channels": out_features}}},
)
class Stan(LearnableActivation):
    """Self-scalable tanh: tanh with a learned ramp, for physics networks whose outputs are of many sizes.

    f(x) = tanh(x) (1 + beta x)

    One beta per channel, as in the paper. PhysicsNeMo's Stan() is for a single channel.

    Args:
        beta_initializer: initial beta: a number or an initializer.
        shared_axes: None for one weight per channel; axes along which it is shared; or "all" for one in all.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.Stan()(np.array([[-2.0, 0.5, 3.0]])), "float64").round(4).tolist()
        [[0.964, 0.6932, 3.9802]]

    Reference:
        arXiv:2204.12589, Self-Scalable Tanh (Stan): Faster Convergence and Better Generalization in Physics-Informed
        Neural Networks.
    """

    def __init__(self, beta_initializer: Initializer = 1.0, shared_axes: SharedAxes = None, **kwargs: Any) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.add_learnable_parameter("beta", beta_initializer)

    @override
    def activate(self, x: Tensor, beta: Tensor) -> Tensor:
        return activations.tanh(x) + product(activations.lisht(x), beta)
