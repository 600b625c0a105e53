"""Piecewise linear activations with several learned pieces."""

from typing import Any

import keras
from typing_extensions import override

from keras_acts.core import operations as ops
from keras_acts.core import params
from keras_acts.core.derivatives import with_partials
from keras_acts.layers.at_infinity import FAR, times
from keras_acts.layers.base import Initializer, LearnableActivation, SharedAxes, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["APL", "SReLU"]


def _srelu_regions(x: Tensor, t_left: Tensor, t_right: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    threshold = t_left + ops.abs(t_right)
    return threshold, x < t_left, x > threshold


def _srelu_partials(x: Tensor, t_left: Tensor, a_left: Tensor, t_right: Tensor, a_right: Tensor) -> tuple[Tensor, ...]:
    threshold, left, right = _srelu_regions(x, t_left, t_right)
    zeros = ops.zeros_like(x)
    of_right_threshold = ops.where(right, 1.0 - a_right, zeros)
    return (
        ops.where(left, a_left, ops.where(right, a_right, 1.0)),
        ops.where(left, 1.0 - a_left, of_right_threshold),
        ops.where(left, x - t_left, zeros),
        ops.sign(t_right) * of_right_threshold,
        ops.where(right, x - threshold, zeros),
    )


@with_partials(_srelu_partials)
def _srelu(x: Tensor, t_left: Tensor, a_left: Tensor, t_right: Tensor, a_right: Tensor) -> Tensor:
    threshold, left, right = _srelu_regions(x, t_left, t_right)
    outside = ops.where(left, t_left + times(x - t_left, a_left), threshold + times(x - threshold, a_right))
    return ops.where(ops.logical_or(left, right), outside, x)


@layer(
    formula=r"x + (a_l - 1) \min(x - t_l, 0) + (a_r - 1) \max(x - t_l - |t_r|, 0)",
    aliases={
        "keras_contrib": "SReLU(t_left_initializer='zeros', "
        "a_left_initializer={'class_name': 'RandomUniform', 'config': {'minval': 0.0, 'maxval': 1.0}}, "
        "t_right_initializer={'class_name': 'RandomUniform', 'config': {'minval': 0.0, 'maxval': 5.0}}, "
        "a_right_initializer='ones', *, shared_axes=[])"
    },
)
class SReLU(LearnableActivation):
    """S-shaped ReLU: the identity between two learned thresholds, a line with a learned slope beyond each.

    f(x) = t_left + a_left (x - t_left) if x < t_left; x; r + a_right (x - r) if x > r, with r = t_left + |t_right|

    It learns convex and non-convex shapes. As in keras-contrib, `t_right` is the distance between the thresholds, so
    that they never cross. It starts as a leaky ReLU. Some surveys call max(-1, x) SReLU.

    Args:
        t_left_initializer: initial left threshold: a number or an initializer.
        a_left_initializer: initial slope on the left: a number or an initializer.
        t_right_initializer: initial distance of the right threshold: a number or an initializer.
        a_right_initializer: initial slope on the right: a number or an initializer.
        shared_axes: None for one weight of each kind per channel; axes along which it is shared, such as `[1, 2]` for
            images; or "all" for one in all.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.SReLU(a_left_initializer=0.5, t_right_initializer=1.0, a_right_initializer=3.0)
        >>> np.asarray(layer(np.array([[-2.0, 0.5, 2.0]]))).tolist()
        [[-1.0, 0.5, 4.0]]

    Reference:
        arXiv:1512.07030, Deep Learning with S-shaped Rectified Linear Activation Units.
    """

    def __init__(
        self,
        t_left_initializer: Initializer = 0.0,
        a_left_initializer: Initializer = 0.2,
        t_right_initializer: Initializer = 1.0,
        a_right_initializer: Initializer = 1.0,
        shared_axes: SharedAxes = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.add_learnable_parameter("t_left", t_left_initializer)
        self.add_learnable_parameter("a_left", a_left_initializer)
        self.add_learnable_parameter("t_right", t_right_initializer)
        self.add_learnable_parameter("a_right", a_right_initializer)

    activate = staticmethod(_srelu)


def _apl_partials(x: Tensor, *a_and_b: Tensor) -> tuple[Tensor, ...]:
    a, b = _halves(a_and_b)
    on_the_left = [ops.where(x < place, slope, ops.zeros_like(x)) for slope, place in zip(a, b, strict=True)]
    derivative = ops.where(x > 0.0, ops.ones_like(x), 0.0) - sum(on_the_left)
    return derivative, *(ops.relu(place - x) for place in b), *on_the_left


@with_partials(_apl_partials)
def _apl(x: Tensor, *a_and_b: Tensor) -> Tensor:
    a, b = _halves(a_and_b)
    left = x < -FAR  # of all hinges
    near = ops.where(left, 0.0, x)
    hinges = sum(slope * ops.relu(place - near) for slope, place in zip(a, b, strict=True))
    line = sum(slope * place for slope, place in zip(a, b, strict=True)) - times(x, sum(a))
    return ops.where(left, line, ops.relu(x) + hinges)


def _halves(items: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    return items[: len(items) // 2], items[len(items) // 2 :]


@layer(formula=r"\max(x, 0) + \sum_{s=1}^S a_s \max(b_s - x, 0)")
class APL(LearnableActivation):
    """Adaptive piecewise linear unit: ReLU plus learned hinges, which can form any such shape, convex or not.

    f(x) = max(x, 0) + sum over s of a_s max(b_s - x, 0)

    It starts as ReLU, with hinges at random places.

    Args:
        pieces: int >= 1, number S of hinges.
        a_initializer: initial slopes of the hinges: a number or an initializer.
        b_initializer: initial places of the hinges: a number, an initializer, or None for uniform in [-1, 1]. Hinges
            that start equal stay equal.
        shared_axes: None for S hinges per channel; axes along which they are shared; or "all" for S in all.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.APL(pieces=1, a_initializer=0.5, b_initializer=1.0)
        >>> np.asarray(layer(np.array([[-2.0, 0.0, 2.0]]))).tolist()
        [[1.5, 0.5, 2.0]]

    Reference:
        arXiv:1412.6830, Learning Activation Functions to Improve Deep Neural Networks.
    """

    def __init__(
        self,
        pieces: int = 2,
        a_initializer: Initializer = 0.0,
        b_initializer: Initializer = None,
        shared_axes: SharedAxes = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.pieces = params.integer("pieces", pieces, "APL", low=1)
        if b_initializer is None:
            b_initializer = keras.initializers.RandomUniform(-1.0, 1.0)
        self.add_learnable_parameter("a", a_initializer, copies=self.pieces)
        self.add_learnable_parameter("b", b_initializer, copies=self.pieces)

    @override
    def activate(self, x: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return _apl(x, *(a[s] for s in range(self.pieces)), *(b[s] for s in range(self.pieces)))
