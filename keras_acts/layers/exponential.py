"""Exponential units with learned branches."""

import math
from typing import Any

import keras
from typing_extensions import override

from keras_acts import activations
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core import resolve
from keras_acts.core.derivatives import with_partials
from keras_acts.layers.at_infinity import FAR, product, times
from keras_acts.layers.base import Initializer, LearnableActivation, SharedAxes, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["PELU", "XIELU"]


@keras.saving.register_keras_serializable("keras_acts", "layers.AtLeast")
class AtLeast(keras.constraints.Constraint):
    """Keeps a weight at or above a minimum.

    Args:
        minimum: float, the smallest value allowed.
    """

    def __init__(self, minimum: float) -> None:
        self.minimum = float(minimum)

    def __call__(self, w: Tensor) -> Tensor:
        """The weight, raised to the minimum where it is below."""
        return ops.maximum(w, self.minimum)

    def get_config(self) -> dict[str, Any]:
        """The minimum."""
        return {"minimum": self.minimum}


@layer(
    formula=r"\frac{a}{b} \max(x, 0) + a (e^{\min(x, 0) / b} - 1)",
    aliases={"keras_contrib": "PELU(alpha_initializer='ones', *, beta_initializer='ones', shared_axes=[])"},
)
class PELU(LearnableActivation):
    """Parametric ELU: learned depth and reach of the negative branch, without a jump of the derivative.

    f(x) = alpha / beta x if x >= 0, else alpha (exp(x / beta) - 1)

    Both weights are kept at 0.1 or more during training, unless alpha_constraint and beta_constraint say otherwise. It
    starts as `elu`.

    Args:
        alpha_initializer: initial depth of the negative branch: a number or an initializer.
        beta_initializer: initial reach of the negative branch: a number or an initializer.
        shared_axes: "all" for one pair in all; None for one pair per channel; or axes along which it is shared.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.PELU(alpha_initializer=3.0, beta_initializer=2.0)
        >>> np.asarray(layer(np.array([[-1.0, 0.0, 2.0]])), "float64").round(4).tolist()
        [[-1.1804, 0.0, 3.0]]

    Reference:
        arXiv:1605.09332, Parametric Exponential Linear Unit for Deep Convolutional Neural Networks.
    """

    def __init__(
        self,
        alpha_initializer: Initializer = 1.0,
        beta_initializer: Initializer = 1.0,
        shared_axes: SharedAxes = "all",
        **kwargs: Any,
    ) -> None:
        kept_above = {"alpha_constraint": AtLeast(0.1), "beta_constraint": AtLeast(0.1)}
        super().__init__(shared_axes=shared_axes, **{**kept_above, **kwargs})
        self.add_learnable_parameter("alpha", alpha_initializer)
        self.add_learnable_parameter("beta", beta_initializer)

    @override
    def activate(self, x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
        return product(activations.elu(x / beta), alpha)


def _exp_excess(below: Tensor) -> Tensor:
    """exp(x) - 1 - x for x <= 0, without the cancellation."""
    return resolve.info("xielu").body(below, alpha_p=1.0, alpha_n=1.0, beta=0.0)


def _xielu_partials(x: Tensor, alpha_p: Tensor, alpha_n: Tensor, beta: Tensor) -> tuple[Tensor, ...]:
    above, below = ops.maximum(x, 0.0), ops.minimum(x, 0.0)
    derivative = ops.where(x > 0.0, 2.0 * alpha_p * above, alpha_n * nx.expm1(below)) + beta
    return derivative, ops.square(above), _exp_excess(below), x


@with_partials(_xielu_partials)
def _xielu(x: Tensor, alpha_p: Tensor, alpha_n: Tensor, beta: Tensor) -> Tensor:
    far = x < -FAR  # where both branches of the sum are infinite, with two signs
    below = alpha_n * _exp_excess(ops.minimum(ops.where(far, 0.0, x), 0.0))
    near = ops.where(x > 0.0, times(x * x, alpha_p), below) + times(x, beta)
    return ops.where(far, -alpha_n - times(x, alpha_n - beta), near)


def _of_hf(alpha_p_init: float = 0.8, alpha_n_init: float = 0.8, beta: float = 0.5) -> dict[str, float]:
    return {"alpha_p": alpha_p_init, "alpha_n": alpha_n_init, "beta": beta}


@layer(
    formula=r"\alpha_p \max(x, 0)^2 + \alpha_n (e^{\min(x, 0)} - 1 - \min(x, 0)) + \beta x",
    aliases={"hf": {"xielu": _of_hf}},
)
class XIELU(LearnableActivation):
    """xIELU: squared ReLU on the right, a branch that turns up again on the left; of the Apertus language models.

    f(x) = alpha_p x^2 + beta x if x > 0, else alpha_n (exp(x) - 1 - x) + beta x

    alpha_p = softplus(p) and alpha_n = beta + softplus(n), where p and n are the weights, as in Hugging Face's files.
    Those clamp the argument of the exponential at -1e-6, which changes the value by less than 1e-6.

    Args:
        alpha_p: float > 0, initial alpha_p.
        alpha_n: float > beta, initial alpha_n.
        beta: float >= 0, slope at 0; it is not learned.

    Input shape:
        Any.

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.XIELU()(np.array([[-1.0, 0.0, 2.0]])), "float64").round(4).tolist()
        [[-0.2057, 0.0, 4.2]]

    Reference:
        arXiv:2411.13010, Deriving Activation Functions Using Integration.
    """

    def __init__(self, alpha_p: float = 0.8, alpha_n: float = 0.8, beta: float = 0.5, **kwargs: Any) -> None:
        super().__init__(shared_axes="all", learned=("p", "n"), **kwargs)
        given = resolve.info("xielu").bind((), {"alpha_p": alpha_p, "alpha_n": alpha_n, "beta": beta})
        self.alpha_p, self.alpha_n, self.beta = given["alpha_p"], given["alpha_n"], given["beta"]
        self.add_learnable_parameter("p", _inverse_softplus(self.alpha_p))
        self.add_learnable_parameter("n", _inverse_softplus(self.alpha_n - self.beta))

    @override
    def activate(self, x: Tensor, p: Tensor, n: Tensor) -> Tensor:
        alpha_p, alpha_n = nx.softplus(p), self.beta + nx.softplus(n)
        return _xielu(x, alpha_p, alpha_n, ops.full_like(alpha_p, self.beta))


def _inverse_softplus(y: float) -> float:
    return y + math.log(-math.expm1(-y))
