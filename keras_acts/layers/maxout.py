"""Activations that keep the larger one, or both signs, of their inputs, and so change the number of channels."""

from typing import Any

from typing_extensions import override

from keras_acts.core import operations as ops
from keras_acts.core import params
from keras_acts.layers.base import Tensor
from keras_acts.layers.channels import ChannelChanging
from keras_acts.layers.layer_registry import layer

__all__ = ["CReLU", "Maxout"]


def _of_paddle(groups: int, axis: int = 1) -> dict[str, Any]:
    return {"pieces": groups, "grouping": "consecutive", "axis": axis}


@layer(
    formula=r"\max_{i=1}^k x_i",
    aliases={
        "tfa": {"Maxout": lambda num_units=None, axis=-1: {"units": num_units, "axis": axis}},
        "paddle": {"Maxout maxout": _of_paddle},
        "echo": {"Maxout": lambda pool_size=1: _of_paddle(pool_size)},
    },
)
class Maxout(ChannelChanging):
    """The largest of each group of k channels: a convex activation that the layer before it learns.

    f(x)_j = max of x_ij over i = 1 .. k

    After a Dense or Conv layer with k times as many channels. With two pieces it can be relu, leaky relu or abs
    exactly; with more it comes closer to any convex function. It never saturates, and goes well with dropout.

    Which channels make a group differs between libraries, and weights trained with one order are garbage in the other:
    "strided", as in TF Addons, takes channels j, j + n, j + 2 n, ... for output j of n, so that each piece is one
    block; "consecutive", as in paddle, takes k neighbours. TF Addons' `num_units` is the number n of outputs, here
    `units`, and paddle's `groups` is k.

    Args:
        pieces: int >= 1, number k of channels in a group. It must divide the number of channels. By default 2, or what
            `units` asks for.
        grouping: "strided" or "consecutive".
        axis: int, axis of the channels.
        units: int >= 1, number n of outputs, in place of `pieces`. It must divide the number of channels.

    Input shape:
        (batch, ..., channels, ...), with the channels along `axis`.

    Output shape:
        As the input, with `units`, or channels / pieces, channels.

    Example:
        >>> x = np.array([[1.0, 5.0, 2.0, 0.0, 3.0, 4.0]])
        >>> np.asarray(keras_acts.layers.Maxout(2)(x)).tolist()
        [[1.0, 5.0, 4.0]]
        >>> np.asarray(keras_acts.layers.Maxout(2, "consecutive")(x)).tolist()
        [[5.0, 2.0, 4.0]]

    Reference:
        arXiv:1302.4389, Maxout Networks.
    """

    def __init__(
        self,
        pieces: int | None = None,
        grouping: str = "strided",
        axis: int = -1,
        units: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(axis, **kwargs)
        if units is not None and pieces is not None:
            raise ValueError(
                "Maxout takes `pieces` or `units`: with one of them, the number of channels settles the other. "
                f"Received: pieces={pieces!r}, units={units!r}"
            )
        self.units = None if units is None else params.integer("units", units, "Maxout", low=1)
        default = 2 if units is None else None
        self.pieces = default if pieces is None else params.integer("pieces", pieces, "Maxout", low=1)
        self._pieces = self.pieces or 1
        self.grouping = params.choice("grouping", grouping, "Maxout", ("strided", "consecutive"))
        self._neighbours = self.grouping == "consecutive"

    @override
    def _pieces_of(self, size: int) -> int:
        if self.units is None:
            return self._pieces
        if size % self.units:
            raise ValueError(
                f"Maxout makes {self.units} channels of groups of the same size: their number must be divisible by "
                f"{self.units}. Received: {size} channels"
            )
        return max(size // self.units, 1)

    @override
    def activate(self, x: Tensor) -> Tensor:
        axis, units = self.axis_and_channels(x.shape)
        if 0 in tuple(x.shape):
            return self._parts(x, axis)[0]  # TensorFlow refuses a maximum of no groups
        pieces = self._pieces_of(x.shape[axis])
        groups, along = ((units, pieces), axis + 1) if self._neighbours else ((pieces, units), axis)
        shape = ops.shape(x)
        return ops.max(ops.reshape(x, (*shape[:axis], *groups, *shape[axis + 1 :])), axis=along)


@layer(formula=r"[\max(x, 0), \max(-x, 0)]", aliases={"tf": "crelu(axis=-1)", "deel": "MaxMin"})
class CReLU(ChannelChanging):
    """Both signs of each channel, rectified: twice the channels, and no information lost.

    f(x) = [max(x, 0), max(-x, 0)]

    For the first layers of convolutional networks, whose filters tend to come in pairs of opposite sign. Other
    activations make the concatenated ELU of PixelCNN++, CReLU(activation="elu"), and signed=True the NCReLU of
    DiracNets, [max(x, 0), min(x, 0)].

    Args:
        activation: name, spec string or callable: what is applied to x and to -x.
        signed: True to turn the sign of the second half.
        axis: int, axis of the channels, along which the halves are joined.

    Input shape:
        (batch, ..., channels, ...), with the channels along `axis`.

    Output shape:
        As the input, with twice the channels: those of x, then those of -x.

    Example:
        >>> np.asarray(keras_acts.layers.CReLU()(np.array([[-1.0, 2.0]]))).tolist()
        [[0.0, 2.0, 1.0, 0.0]]

    Reference:
        arXiv:1603.05201, Understanding and Improving Convolutional Neural Networks via Concatenated Rectified Linear
        Units.
    """

    _copies = 2

    def __init__(self, activation: Any = "relu", signed: bool = False, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(axis, **kwargs)
        self.activation = self._hold(activation)
        self.signed = params.flag("signed", signed, "CReLU")

    @override
    def activate(self, x: Tensor) -> Tensor:
        second = self.activation(-x)
        return ops.concatenate([self.activation(x), -second if self.signed else second], axis=self.axis)
