"""A learned line around any activation."""

from typing import Any

from typing_extensions import override

from keras_acts.layers.at_infinity import product
from keras_acts.layers.base import LearnableActivation, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["LearnableAffine"]


@layer(formula=r"s f(x) + b", aliases={"timm hf": "LearnableAffineBlock(*, activation='identity')"})
class LearnableAffine(LearnableActivation):
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
        super().__init__(shared_axes="all", learned=("scale", "bias"), **kwargs)
        self.activation = self._hold(activation)
        self.add_learnable_parameter("scale", 1.0)
        self.add_learnable_parameter("bias", 0.0)

    @override
    def activate(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        return product(self.activation(x), scale) + bias
