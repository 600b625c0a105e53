"""A learned line around any activation."""

from typing import Any

from keras_acts.core import resolve
from keras_acts.layers.base import ShapedActivation, Tensor
from keras_acts.layers.registry import layer


@layer(
    formula=r"s f(x) + b",
    aliases={
        "timm": "LearnableAffineBlock(activation='identity')",
        "hf": "LearnableAffineBlock(activation='identity')",
    },
)
class LearnableAffine(ShapedActivation):
    """Any activation with a learned scale and offset of its output, as in the lightweight networks PP-LCNet and HGNet.

    f(x) = scale activation(x) + bias

    Args:
        activation: name, spec string or callable, such as "relu" or "elu(alpha=0.5)".

    Input shape:
        Any.

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.LearnableAffine("hard_silu")
        >>> np.asarray(layer(np.array([[-1.5, 4.0]]))).tolist()
        [[-0.375, 4.0]]
    """

    def __init__(self, activation: Any = "relu", **kwargs: Any) -> None:
        super().__init__(shared_axes="all", **kwargs)
        self.activation = resolve.get(activation)
        self.add_shape_parameter("scale", 1.0)
        self.add_shape_parameter("bias", 0.0)

    def activate(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        """The value."""
        return scale * self.activation(x) + bias

    def get_config(self) -> dict[str, Any]:
        """All arguments."""
        return {**super().get_config(), "activation": resolve.serialize(self.activation)}
