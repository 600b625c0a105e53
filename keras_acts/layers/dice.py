"""The activation of click models, whose threshold follows the data."""

from typing import Any

from typing_extensions import override

from keras_acts.core import keras_bridge, params
from keras_acts.core import operations as ops
from keras_acts.layers import pooling
from keras_acts.layers.at_infinity import FAR, product
from keras_acts.layers.base import Initializer, LearnableActivation, Shape, SharedAxes, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["Dice"]


@layer(
    formula=r"x (p + \alpha (1 - p)), \quad p = \sigma(BN(x))",
    aliases={
        "deepctr": {"Dice": lambda *, epsilon=1e-9: {"epsilon": epsilon}},  # not its `axis`, which comes first
        "din": {"dice": lambda *, epsilon=1e-9: {"epsilon": epsilon, "beta_initializer": 0.0}},
    },
)
class Dice(LearnableActivation):
    """Data adaptive activation: PReLU whose bend lies at the mean of its inputs and is as wide as they are spread.

    f(x) = x (p + alpha (1 - p)), p = sigmoid(BN(x)), or p = sigmoid(beta BN(x)) with `beta_initializer`

    For models of clicks, such as DIN. BN is batch normalization without a learned scale and offset: in training by the
    mean and variance of the batch, else by moving ones. As in DeepCTR, one alpha per channel, from 0. The authors' code
    also learns beta, from 0: with `beta_initializer=0.0` the layer starts as x / 2. In DeepCTR-Torch the normalization
    learns a scale and an offset, and alpha never changes.

    Args:
        alpha_initializer: initial slope where the gate is shut: a number or an initializer.
        beta_initializer: initial steepness of the gate: a number or an initializer. None for a fixed 1.
        epsilon: float > 0, of the normalization.
        momentum: float in [0, 1], of its moving mean and variance.
        shared_axes: None for one weight per channel; axes along which it is shared; or "all" for one in all. Mean and
            variance are those of each channel all the same.

    Input shape:
        (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> x = np.array([[-2.0], [0.5], [3.0]])
        >>> np.asarray(keras_acts.layers.Dice()(x, training=True), "float64").round(4).ravel().tolist()
        [-0.4542, 0.25, 2.3187]

    Reference:
        arXiv:1706.06978, Deep Interest Network for Click-Through Rate Prediction.
    """

    def __init__(
        self,
        alpha_initializer: Initializer = 0.0,
        beta_initializer: Initializer = None,
        epsilon: float = 1e-9,
        momentum: float = 0.99,
        shared_axes: SharedAxes = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.epsilon = params.finite_number("epsilon", epsilon, "Dice", low=0.0, exclusive=True)
        self.momentum = params.finite_number("momentum", momentum, "Dice", low=0.0, high=1.0)
        self.add_learnable_parameter("alpha", alpha_initializer)
        self.beta_initializer = None
        if beta_initializer is not None:
            self.add_learnable_parameter("beta", beta_initializer)
        self.built = False  # as the normalization has weights for each channel

    @override
    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        channels = self._known_size(input_shape, self._channel_axis(input_shape))
        self.norm = self._inner(
            keras_bridge.BatchNormalization,
            (*(None for _ in input_shape[:-1]), channels),
            epsilon=self.epsilon,
            momentum=self.momentum,
            center=False,
            scale=False,
            name="norm",
        )

    @override
    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        axis = self._channel_axis(inputs.shape)

        def activate(x: Tensor, alpha: Tensor, beta: Tensor | None = None) -> Tensor:
            z = ops.moveaxis(ops.clip(x, -FAR, FAR), axis, -1)  # of infinities there is no mean
            inside = None
            if mask is not None:
                inside = ops.broadcast_to(ops.moveaxis(pooling.kept(mask, x), axis, -1)[..., 0], ops.shape(z)[:-1])
            z = ops.moveaxis(pooling.normalized(self.norm, z, training, inside), -1, axis)
            gate = ops.sigmoid(z if beta is None else product(z, beta))
            return product(x, gate + alpha * (1.0 - gate))

        return self.upcast(activate, inputs)
