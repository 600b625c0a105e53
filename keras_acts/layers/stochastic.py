"""Activations that are random in training. In inference they are fixed functions.

The random numbers come from a `keras.random.SeedGenerator`: new ones at each call, the same ones again for the same
seed. Its state is not saved in files, as for all layers of Keras. To have random outputs in inference as well, call the
layer with training=True.
"""

from typing import Any

import keras
from typing_extensions import override

from keras_acts import activations
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core import params
from keras_acts.layers import pooling
from keras_acts.layers.base import ActivationLayer, Initializer, LearnableActivation, Shape, SharedAxes, Tensor
from keras_acts.layers.channels import axis_after_batch, axis_argument
from keras_acts.layers.layer_registry import layer

__all__ = ["GumbelSoftmax", "NoisyReLU", "ProbAct", "RReLU"]


class RandomActivation(ActivationLayer):
    """Base class: `sample` in training, `activate` in inference."""

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = None if seed is None else params.integer("seed", seed, type(self).__name__)
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.built = True

    def sample(self, x: Tensor, *weights: Tensor) -> Tensor:
        """A random value for a float32 or float64 tensor; `weights` have its dtype."""
        raise NotImplementedError(f"{type(self).__name__} must override `sample`.")

    @override
    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        return self.upcast(self.sample if training else self.activate, inputs)


@layer(
    formula=r"\max(x, 0) + a \min(x, 0), \quad a \sim U(l, u)",
    aliases={
        "torch mmcv": "RReLU(lower=0.125, upper=0.3333333333333333, inplace=False)",
        "paddle": "RReLU(lower=0.125, upper=0.3333333333333333)",
        "torch paddle tfa": "rrelu(lower=0.125, upper=0.3333333333333333)",
    },
)
class RReLU(RandomActivation):
    """Randomized leaky ReLU: a slope drawn for each negative input in training, the mean slope in inference.

    f(x) = x if x >= 0, else a x, with a ~ U(lower, upper) in training and a = (lower + upper) / 2 in inference

    A regularizer for small data sets. The paper divides by a number between 3 and 8; all frameworks multiply by one
    between 1/8 and 1/3, so that the slope in inference is 11/48, not 2/11.

    Args:
        lower: float, smallest slope.
        upper: float >= lower, largest slope.
        seed: int, seed of the random numbers; None for another one each time.

    Input shape:
        Any.

    Output shape:
        As the input.

    Example:
        >>> x = np.array([[-2.4, 0.0, 2.0]])
        >>> np.asarray(keras_acts.layers.RReLU()(x), "float64").round(4).tolist()
        [[-0.55, 0.0, 2.0]]
        >>> y = keras_acts.layers.RReLU(seed=1)(x, training=True)
        >>> bool(-0.8 <= y[0, 0] <= -0.3)
        True

    Reference:
        arXiv:1505.00853, Empirical Evaluation of Rectified Activations in Convolutional Network.
    """

    def __init__(
        self, lower: float = 1.0 / 8.0, upper: float = 1.0 / 3.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.lower = params.finite_number("lower", lower, "RReLU")
        self.upper = params.finite_number("upper", upper, "RReLU")
        if self.lower > self.upper:
            raise ValueError(
                f"`lower` of RReLU must not be larger than `upper`. Received: lower={lower!r}, upper={upper!r}"
            )

    @override
    def activate(self, x: Tensor) -> Tensor:
        return activations.leaky_relu(x, negative_slope=0.5 * (self.lower + self.upper))

    @override
    def sample(self, x: Tensor) -> Tensor:
        slope = keras.random.uniform(ops.shape(x), self.lower, self.upper, dtype=x.dtype, seed=self.seed_generator)
        return ops.where(x >= 0.0, x, slope * x)


@layer(formula=r"\max(0, x + \varepsilon), \quad \varepsilon \sim N(0, \sigma(x))")
class NoisyReLU(RandomActivation):
    """ReLU with noise that grows with its input, made for the hidden units of restricted Boltzmann machines.

    f(x) = max(0, x + noise) in training, where the noise is normal with variance sigmoid(x); max(0, x) in inference

    The noise imitates the sum of infinitely many binary units that share their weights. Gradients go through its size.

    Args:
        seed: int, seed of the random numbers; None for another one each time.

    Input shape:
        Any.

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.NoisyReLU()(np.array([[-1.0, 0.0, 2.0]]))).tolist()
        [[0.0, 0.0, 2.0]]

    Reference:
        Nair and Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines (ICML).
    """

    @override
    def activate(self, x: Tensor) -> Tensor:
        return ops.relu(x)

    @override
    def sample(self, x: Tensor) -> Tensor:
        # sqrt(sigmoid(x)), whose derivative would be 0 * inf where the sigmoid underflows.
        deviation = ops.exp(0.5 * activations.log_sigmoid(x))
        noise = keras.random.normal(ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        return ops.relu(x + deviation * noise)


@layer(formula=r"\max(0, x) + \sigma \varepsilon, \quad \varepsilon \sim N(0, 1)")
class ProbAct(RandomActivation, LearnableActivation):
    """ReLU with normal noise of a learned size: a regularizer that each network, or channel, sets for itself.

    f(x) = max(0, x) + sigma noise in training, with noise ~ N(0, 1); max(0, x) in inference

    Echo starts from sigma = 0 and adds the noise in inference as well; for that, call the layer with training=True.

    Args:
        sigma_initializer: initial size of the noise: a number or an initializer.
        shared_axes: "all" for one size in all; None for one per channel; or axes along which it is shared.
        seed: int, seed of the random numbers; None for another one each time.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.ProbAct()(np.array([[-1.0, 0.0, 2.0]]))).tolist()
        [[0.0, 0.0, 2.0]]

    Reference:
        arXiv:1905.10761, ProbAct: A Probabilistic Activation Function for Deep Neural Networks.
    """

    def __init__(
        self,
        sigma_initializer: Initializer = 0.1,
        shared_axes: SharedAxes = "all",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, shared_axes=shared_axes, **kwargs)
        self.add_learnable_parameter("sigma", sigma_initializer)

    @override
    def activate(self, x: Tensor, sigma: Tensor) -> Tensor:
        return ops.relu(x)

    @override
    def sample(self, x: Tensor, sigma: Tensor) -> Tensor:
        return ops.relu(x) + sigma * keras.random.normal(ops.shape(x), dtype=x.dtype, seed=self.seed_generator)


def _of_torch(tau: float = 1.0, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> dict[str, Any]:
    return {"temperature": tau, "hard": hard, "axis": dim}  # torch ignores eps, too


@layer(
    formula=r"\mathrm{softmax}((x + g) / \tau), \quad g_i \sim \mathrm{Gumbel}(0, 1)",
    aliases={"torch": {"gumbel_softmax": _of_torch}, "paddle": "gumbel_softmax(temperature=1.0, hard=False, axis=-1)"},
)
class GumbelSoftmax(RandomActivation):
    """A random choice among categories with softmax probabilities, through which gradients flow.

    f(x) = softmax((x + g) / temperature), with g from the Gumbel distribution in training and g = 0 in inference

    For discrete latent variables and learned routing. The lower the temperature, the closer the output is to one-hot
    and the noisier the gradients; it is usually lowered during training. With hard=True the output is one-hot, with
    the gradient of the soft one (straight-through). torch and paddle have no inference mode: they always draw.
    Entries of -inf are never chosen.

    Args:
        temperature: float > 0.
        hard: True for one-hot outputs.
        axis: int, axis of the categories.
        seed: int, seed of the random numbers; None for another one each time.

    Input shape:
        Any, with logits along `axis`.

    Output shape:
        As the input.

    Example:
        >>> choice = keras_acts.layers.GumbelSoftmax(hard=True, seed=3)
        >>> y = choice(np.zeros((2, 4)), training=True)
        >>> np.asarray(y).max(axis=-1).tolist(), np.asarray(y).sum(axis=-1).tolist()
        ([1.0, 1.0], [1.0, 1.0])

    Reference:
        arXiv:1611.01144, Categorical Reparameterization with Gumbel-Softmax.
    """

    def __init__(
        self, temperature: float = 1.0, hard: bool = False, axis: int = -1, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.temperature = params.finite_number("temperature", temperature, "GumbelSoftmax", low=0.0, exclusive=True)
        self.hard = params.flag("hard", hard, "GumbelSoftmax")
        self.axis = axis_argument(axis, "GumbelSoftmax")

    @override
    def call(self, inputs: Tensor, training: bool = False, mask: Tensor | None = None) -> Tensor:
        axis = axis_after_batch(self.axis, inputs.shape, "GumbelSoftmax")
        if mask is not None and axis < len(mask.shape):  # a choice among what is kept
            inputs = ops.where(pooling.kept(mask, inputs), inputs, float("-inf"))
        return super().call(inputs, training)

    @override
    def compute_output_shape(self, input_shape: Shape) -> Shape:
        axis_after_batch(self.axis, input_shape, "GumbelSoftmax")
        return super().compute_output_shape(input_shape)

    @override
    def activate(self, x: Tensor) -> Tensor:
        soft = activations.softmax(x / self.temperature, axis=self.axis)
        if not self.hard:
            return soft
        # Not argmax and one-hot, which need to know the number of categories.
        largest = ops.cast(ops.equal(x, nx.max_over_axis(x, self.axis)), x.dtype)
        chosen = ops.where(ops.cumsum(largest, axis=self.axis) > 1.0, 0.0, largest)  # of equal ones the first
        return chosen + (soft - ops.stop_gradient(soft))  # the bracket is exactly 0

    @override
    def sample(self, x: Tensor) -> Tensor:
        # Above 0, as log(0) would be -inf, which masks.
        uniform = keras.random.uniform(ops.shape(x), 2.0**-126, 1.0, dtype=x.dtype, seed=self.seed_generator)
        return self.activate(x - ops.log(-ops.log(uniform)))
