"""Rectifiers whose slopes, thresholds or offsets are learned."""

from typing import Any

import keras
from keras import ops

from keras_acts.core.partials import with_partials
from keras_acts.layers.base import Initializer, ShapedActivation, SharedAxes, Tensor
from keras_acts.layers.registry import layer


def _prelu_partials(x: Tensor, alpha: Tensor) -> tuple[Tensor, ...]:
    return ops.where(x > 0.0, 1.0, alpha), ops.minimum(x, 0.0)


@with_partials(_prelu_partials)
def _prelu(x: Tensor, alpha: Tensor) -> Tensor:
    return ops.where(x > 0.0, x, alpha * x)


@layer(
    formula=r"\max(x, 0) + \alpha \min(x, 0)",
    paper="arXiv:1502.01852",
    aliases={
        "keras": "PReLU(alpha_initializer='zeros', shared_axes=[])",
        "torch": "PReLU(shared_axes='all')",
        "flax": "PReLU(alpha_initializer=0.01, shared_axes='all')",
        "timm": "prelu(shared_axes='all')",
        "hf": "prelu(shared_axes='all')",
        "paddle": "PReLU(shared_axes='all')",
        "mmcv": "PReLU(shared_axes='all')",
    },
)
class PReLU(ShapedActivation):
    """Leaky ReLU whose slope for negative inputs is learned.

    f(x) = x if x > 0, else alpha x

    One slope per channel that starts at 0.25, as in the paper. `keras.layers.PReLU` starts at 0 and has one slope per
    element, which is 3.2 million of them after a convolution of 64 channels on 224 x 224 pixels, and cannot be built
    on images of unknown size. torch's `PReLU(num_parameters=1)`, its default, is `shared_axes="all"`; its
    `num_parameters=C` is the default here. The derivative at 0 is alpha.

    Args:
        alpha_initializer: initial slope: a number or an initializer.
        alpha_regularizer: regularizer of the slopes, or None. The paper uses none; see `shape_parameters`.
        alpha_constraint: constraint on the slopes, or None.
        shared_axes: None for one slope per channel; axes along which it is shared, as in `keras.layers.PReLU`, such as
            `[1, 2]` for images; or "all" for one slope in all.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.PReLU()
        >>> np.asarray(layer(np.array([[-4.0, 2.0]]))).tolist()
        [[-1.0, 2.0]]
        >>> layer.count_params()
        2

    Reference:
        arXiv:1502.01852, Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification.
    """

    def __init__(
        self,
        alpha_initializer: Initializer = 0.25,
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: SharedAxes = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.alpha_regularizer = keras.regularizers.get(alpha_regularizer)
        self.alpha_constraint = keras.constraints.get(alpha_constraint)
        self.add_shape_parameter("alpha", alpha_initializer)

    def activate(self, x: Tensor, alpha: Tensor) -> Tensor:
        """The value."""
        return _prelu(x, alpha)

    def get_config(self) -> dict[str, Any]:
        """All arguments."""
        return {
            **super().get_config(),
            "alpha_regularizer": keras.regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": keras.constraints.serialize(self.alpha_constraint),
        }
