"""Activations that sort: they lose nothing, and keep the norm of gradients."""

from typing import Any

from typing_extensions import override

from keras_acts.core import operations as ops
from keras_acts.core import params
from keras_acts.layers.base import ActivationLayer, Shape, Tensor
from keras_acts.layers.channels import axis_after_batch, axis_argument
from keras_acts.layers.layer_registry import layer

__all__ = ["GroupSort"]


def _of_deel(n: int | None = None) -> dict[str, Any]:
    return {"group_size": n}


def _of_soc() -> dict[str, Any]:
    return {"group_size": 2, "grouping": "strided", "descending": True}


def _of_lnets(num_units: int) -> dict[str, Any]:
    raise ValueError(
        "LNets' MaxMin gives the maxima of all groups and then their minima, an order that GroupSort does not have: "
        "weights trained with it would meet other channels. Use GroupSort(`group_size`=...) for new networks; "
        f"`num_units` is the number of groups. Received: num_units={num_units!r}"
    )


@layer(
    formula=r"\mathrm{sort}(x_{i n + 1}, \ldots, x_{i n + n})",
    aliases={
        "deel": {"GroupSort": _of_deel, "GroupSort2": lambda: _of_deel(2), "FullSort": lambda: _of_deel()},
        "soc": {"MaxMin": _of_soc},
        "lnets": {"MaxMin": _of_lnets},
    },
)
class GroupSort(ActivationLayer):
    """Sorts the channels of each group: for networks with a small Lipschitz constant.

    f(x) = the n entries of each group, smallest first

    As a permutation it keeps the norm of its input and of gradients, which ReLU does not, so that networks with
    orthogonal weights stay tight. Groups of two (MaxMin, OPLU) are the usual choice; with one group it sorts all.

    The order of channels differs between libraries, and weights trained with one are garbage in the other: deel-lip
    sorts neighbours, smallest first, as here by default; SOC's MaxMin puts the larger one of channels i and i + n / 2
    first: grouping="strided", descending=True. That of LNets, all maxima and then all minima, is refused: its
    `num_units` is the number of groups, deel-lip's `n` their size. What deel-lip calls MaxMin, [relu(x), relu(-x)], is
    `CReLU`.

    Args:
        group_size: int >= 1, number n of channels in a group, which must divide that of channels. None for all of them.
        grouping: "consecutive" for n neighbours, or "strided" for channels j, j + m, j + 2 m, ... where there are m
            groups.
        descending: True for the largest first.
        axis: int, axis of the channels.

    Input shape:
        (batch, ..., channels, ...), with the channels along `axis`.

    Output shape:
        As the input.

    Example:
        >>> x = np.array([[-2.0, 0.5, 3.0, 1.0]])
        >>> np.asarray(keras_acts.layers.GroupSort(2)(x)).tolist()
        [[-2.0, 0.5, 1.0, 3.0]]
        >>> np.asarray(keras_acts.layers.get("soc:MaxMin")(x)).tolist()
        [[3.0, 1.0, -2.0, 0.5]]

    Reference:
        arXiv:1811.05381, Sorting out Lipschitz Function Approximation.
    """

    def __init__(
        self,
        group_size: int | None = None,
        grouping: str = "consecutive",
        descending: bool = False,
        axis: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.group_size = None if group_size is None else params.integer("group_size", group_size, "GroupSort", low=1)
        self.grouping = params.choice("grouping", grouping, "GroupSort", ("consecutive", "strided"))
        self.descending = params.flag("descending", descending, "GroupSort")
        self.axis = axis_argument(axis, "GroupSort")

    def _groups(self, shape: Shape) -> tuple[int, int, int]:
        """The axis, the number of groups and their size.

        Raises:
            ValueError: if the input has no such axis after the batch axis, or its size is unknown or does not fit.
        """
        axis = axis_after_batch(self.axis, shape, "GroupSort")
        channels = self._known_size(shape, axis)
        size = channels if self.group_size is None else self.group_size
        if channels % size:
            raise ValueError(
                f"`group_size` of GroupSort must divide the number of channels. Received: group_size={size} for "
                f"{channels} channels (axis {axis} of input_shape={tuple(shape)})"
            )
        return axis, channels // size, size

    @override
    def activate(self, x: Tensor) -> Tensor:
        axis, groups, size = self._groups(x.shape)
        if 0 in tuple(x.shape):
            return x
        shape = ops.shape(x)
        parts, within = ((groups, size), axis + 1) if self.grouping == "consecutive" else ((size, groups), axis)
        grouped = ops.reshape(x, (*shape[:axis], *parts, *shape[axis + 1 :]))
        ordered = _sorted_pairs(grouped, within) if size == 2 else ops.sort(grouped, axis=within)
        return ops.reshape(ops.flip(ordered, axis=within) if self.descending else ordered, shape)


def _sorted_pairs(x: Tensor, axis: int) -> Tensor:
    first, second = ops.split(x, 2, axis=axis)
    swapped = first > second  # of equal ones both stay, where a minimum and a maximum would both be the first
    return ops.concatenate([ops.where(swapped, second, first), ops.where(swapped, first, second)], axis=axis)
