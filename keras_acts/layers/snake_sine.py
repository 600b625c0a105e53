"""Activations with a learned frequency."""

from collections.abc import Callable
from typing import Any

from typing_extensions import override

from keras_acts import activations
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core import params, resolve
from keras_acts.core.derivatives import with_partials
from keras_acts.layers.at_infinity import product
from keras_acts.layers.base import Initializer, LearnableActivation, SharedAxes, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["Sine", "Snake", "SnakeBeta"]


def _snake_partials(x: Tensor, frequency: Tensor) -> tuple[Tensor, ...]:
    sine, cosine = ops.sin(frequency * x), ops.cos(frequency * x)
    flat = frequency == 0.0
    quotient = sine / ops.where(flat, 1.0, frequency)  # before it is squared, which may be 0 for a small frequency
    of_frequency = quotient * (2.0 * x * cosine - quotient)
    return ops.square(sine + cosine), ops.where(flat, ops.square(x), of_frequency)


@with_partials(_snake_partials)
def _snake(x: Tensor, frequency: Tensor) -> Tensor:
    flat = frequency == 0.0  # the limit is x
    sine = ops.sin(nx.finite(frequency * x))
    return x + ops.where(flat, 0.0, ops.square(sine) / ops.where(flat, 1.0, frequency))


def _of_bigvgan(*weights: str) -> Callable[..., dict[str, Any]]:
    def ours(
        in_features: Any = None, alpha: float = 1.0, alpha_trainable: bool = True, alpha_logscale: bool = False
    ) -> dict[str, Any]:
        initial = {f"{weight}_initializer": 0.0 if alpha_logscale else alpha for weight in weights}
        return {**initial, "log_scale": alpha_logscale, "trainable": alpha_trainable, "channels": in_features}

    return ours


@layer(
    formula=r"x + \frac{\sin^2(a x)}{a}",
    aliases={
        "tfa": "Snake(frequency_initializer='ones', *, shared_axes='all')",
        "hf": {"Snake1d": lambda hidden_dim=None: {"channels": hidden_dim}},
        "bigvgan": {"Snake": _of_bigvgan("frequency")},
    },
)
class Snake(LearnableActivation):
    """A ramp with a ripple of learned frequency, for learning periodic functions beyond the data.

    f(x) = x + sin(frequency x)^2 / frequency

    A wide range of initial frequencies helps: 5 to 50 for periodic data, small ones otherwise. TF Addons learns one
    frequency, the audio models (BigVGAN, DAC) one per channel, as here. A number is the frequency: what they mean by
    Snake(64), 64 channels, is `keras_acts.layers.get("bigvgan:Snake(64)")`.

    Args:
        frequency_initializer: initial frequency, or its logarithm if `log_scale`: a number or an initializer. None for
            a frequency of 1.
        shared_axes: None for one frequency per channel; axes along which it is shared; or "all" for one in all.
        log_scale: True if the weight is the logarithm of the frequency, as in BigVGAN with `alpha_logscale=True`.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.Snake()(np.array([[-1.0, 0.0, 1.0]])), "float64").round(4).tolist()
        [[-0.2919, 0.0, 1.7081]]

    Reference:
        arXiv:2006.08195, Neural Networks Fail to Learn Periodic Functions and How to Fix It.
    """

    def __init__(
        self,
        frequency_initializer: Initializer = None,
        shared_axes: SharedAxes = None,
        log_scale: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.log_scale = params.flag("log_scale", log_scale, type(self).__name__)
        one = 0.0 if log_scale else 1.0
        self.add_learnable_parameter("frequency", one if frequency_initializer is None else frequency_initializer)

    @override
    def activate(self, x: Tensor, frequency: Tensor) -> Tensor:
        return _snake(x, ops.exp(frequency) if self.log_scale else frequency)


@layer(
    formula=r"x + e^{-\beta} \sin^2(e^{\alpha} x)",
    aliases={
        "hf": {"SnakeBeta": lambda in_features=None, alpha=1.0: {"channels": in_features}},
        "bigvgan": {"SnakeBeta": _of_bigvgan("alpha", "beta")},
    },
)
class SnakeBeta(LearnableActivation):
    """Snake with a magnitude of its own: frequency and height of the ripple are learned apart.

    f(x) = x + exp(-beta) sin(exp(alpha) x)^2, or x + sin(alpha x)^2 / beta without `log_scale`

    Both weights are logarithms, as in the audio models of Hugging Face, so that neither can change its sign. BigVGAN
    has the numbers themselves unless `alpha_logscale=True`; where beta is 0, it is taken as 1e-9, as there. Their
    SnakeBeta(64), of 64 channels, is `keras_acts.layers.get("bigvgan:SnakeBeta(64)")`: a number here is alpha.

    Args:
        alpha_initializer: initial logarithm of the frequency: a number or an initializer. None for a frequency of 1.
        beta_initializer: initial logarithm of the inverse height: a number or an initializer. None for a height of 1.
        shared_axes: None for one pair per channel; axes along which it is shared; or "all" for one in all.
        log_scale: False if the weights are frequency and inverse height themselves, not their logarithms.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.SnakeBeta()(np.array([[-1.0, 0.0, 1.0]])), "float64").round(4).tolist()
        [[-0.2919, 0.0, 1.7081]]

    Reference:
        arXiv:2206.04658, BigVGAN: A Universal Neural Vocoder with Large-Scale Training.
    """

    def __init__(
        self,
        alpha_initializer: Initializer = None,
        beta_initializer: Initializer = None,
        shared_axes: SharedAxes = None,
        log_scale: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.log_scale = params.flag("log_scale", log_scale, type(self).__name__)
        one = 0.0 if log_scale else 1.0
        self.add_learnable_parameter("alpha", one if alpha_initializer is None else alpha_initializer)
        self.add_learnable_parameter("beta", one if beta_initializer is None else beta_initializer)

    @override
    def activate(self, x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
        height = ops.exp(-beta) if self.log_scale else 1.0 / ops.where(beta == 0.0, 1e-9, beta)
        angle = product(x, ops.exp(alpha) if self.log_scale else alpha)
        return x + height * ops.square(ops.sin(nx.finite(angle)))


@layer(formula=r"\sin(\omega_0 x)", aliases={"echo": "Sine(w0=1.0)"})
class Sine(LearnableActivation):
    """Sine with frequency w0: the activation of SIREN, for images, sounds and fields as functions of coordinates.

    f(x) = sin(w0 x)

    It needs weights drawn for it, uniform within +-sqrt(6 / inputs) / w0: `Dense(n, **keras_acts.paired(Sine(w0)))`. In
    the first layer they lie within +-1 / inputs: `kernel_initializer=keras_acts.initializers.Siren(first_layer=True)`.

    Args:
        w0: float > 0, frequency, or the initial one if it is learned.
        learn_w0: True to make w0 a weight, shared by all channels. SIREN keeps it fixed.

    Input shape:
        Any.

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.Sine(w0=30.0)(np.array([[0.0, 0.1]])), "float64").round(4).tolist()
        [[0.0, 0.1411]]

    Reference:
        arXiv:2006.09661, Implicit Neural Representations with Periodic Activation Functions.
    """

    def __init__(self, w0: float = 30.0, learn_w0: bool = False, **kwargs: Any) -> None:
        super().__init__(shared_axes="all", learned=("w0",), **kwargs)
        self.initial_w0 = resolve.info("sin").bind((), {"w0": w0})["w0"]
        self.learn_w0 = params.flag("learn_w0", learn_w0, "Sine")
        if self.learn_w0:
            self.add_learnable_parameter("w0", self.initial_w0)
        self.built = True

    @override
    def activate(self, x: Tensor, w0: Tensor | None = None) -> Tensor:
        if w0 is None:
            return activations.sin(x, self.initial_w0)
        return ops.sin(ops.where(ops.isinf(x), x, nx.finite(w0 * x)))  # at infinity it has no limit

    def initial_activation(self) -> Any:
        """What it starts as, for `keras_acts.paired`, which has published weights for it."""
        return resolve.get("sin", w0=self.initial_w0)

    @override
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "w0": self.initial_w0, "learn_w0": self.learn_w0}
