"""Elementwise layers that take the place of a normalization."""

from typing import Any

from typing_extensions import override

from keras_acts import activations
from keras_acts.core import numerics as nx
from keras_acts.layers.base import Initializer, LearnableActivation, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["Derf", "DynamicTanh"]


class _Saturating(LearnableActivation):
    """gamma s(alpha x + shift) + beta: one alpha and shift in all, gamma and beta per channel."""

    def __init__(self, alpha_initializer: Initializer = 0.5, **kwargs: Any) -> None:
        super().__init__(learned=("gamma", "beta"), **kwargs)
        self.add_fixed_parameter("alpha", alpha_initializer)
        self.add_learnable_parameter("gamma", 1.0)
        self.add_learnable_parameter("beta", 0.0)


def _of_authors(normalized_shape: Any = None, channels_last: Any = None, alpha_init_value: float = 0.5) -> Any:
    return {"alpha_initializer": alpha_init_value}


def _of_x_transformers(dim: Any = None, init_alpha: float = 0.5, init_bias: float = 0.0) -> dict[str, Any]:
    return {"alpha_initializer": init_alpha, "shift_initializer": init_bias}


@layer(
    formula=r"\gamma \tanh(\alpha x) + \beta",
    aliases={
        "x_transformers": {"DynamicTanh": lambda dim=None, init_alpha=1.0: {"alpha_initializer": init_alpha}},
        "dyt": {"DynamicTanh": _of_authors},
    },
)
class DynamicTanh(_Saturating):
    """DyT: a scaled tanh in place of layer normalization.

    f(x) = gamma tanh(alpha x) + beta

    alpha is one weight in all, gamma and beta have one per channel, as those of the normalization that it replaces.

    Args:
        alpha_initializer: initial alpha: a number or an initializer. The authors take 0.5, and less in wide language
            models.

    Input shape:
        (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.DynamicTanh()(np.array([[-2.0, 0.0, 4.0]])), "float64").round(4).tolist()
        [[-0.7616, 0.0, 0.964]]

    Reference:
        arXiv:2503.10622, Transformers without Normalization.
    """

    @override
    def activate(self, x: Tensor, alpha: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        return gamma * activations.tanh(alpha * nx.finite(x)) + beta


@layer(formula=r"\gamma \mathrm{erf}(\alpha x + s) + \beta", aliases={"x_transformers": {"Derf": _of_x_transformers}})
class Derf(_Saturating):
    """A scaled error function in place of layer normalization.

    f(x) = gamma erf(alpha x + shift) + beta

    alpha and shift are one weight each in all, gamma and beta have one per channel.

    Args:
        alpha_initializer: initial alpha: a number or an initializer.
        shift_initializer: initial shift: a number or an initializer.

    Input shape:
        (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.Derf()(np.array([[-2.0, 0.0, 4.0]])), "float64").round(4).tolist()
        [[-0.8427, 0.0, 0.9953]]

    Reference:
        arXiv:2512.10938.
    """

    def __init__(
        self, alpha_initializer: Initializer = 0.5, shift_initializer: Initializer = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(alpha_initializer, **kwargs)
        self.add_fixed_parameter("shift", shift_initializer)

    @override
    def activate(self, x: Tensor, alpha: Tensor, gamma: Tensor, beta: Tensor, shift: Tensor) -> Tensor:
        return gamma * activations.erf(alpha * nx.finite(x) + shift) + beta
