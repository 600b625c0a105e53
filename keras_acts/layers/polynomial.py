"""Learned polynomials."""

from typing import Any

from typing_extensions import override

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core import params
from keras_acts.layers.at_infinity import product
from keras_acts.layers.base import LearnableActivation, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["PolyNorm", "PolyReLU"]

DEGREE = 3  # of both, in the paper's experiments and code


class _Polynomial(LearnableActivation):
    """A weight for each power, all 1/3 at first, and an offset of 0; the same for all channels."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(shared_axes="all", learned=("weight", "bias"), **kwargs)
        self.add_learnable_parameter("weight", 1.0 / DEGREE, copies=DEGREE)
        self.add_learnable_parameter("bias", 0.0)


@layer(formula=r"\sum_{i=1}^3 w_i \max(x, 0)^i + b", aliases={"polycom": "PolyReLU"})
class PolyReLU(_Polynomial):
    """A learned cubic polynomial of ReLU, for feed-forward blocks of transformers.

    f(x) = w_1 r + w_2 r^2 + w_3 r^3 + b, with r = max(x, 0)

    Input shape:
        Any.

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.PolyReLU()(np.array([[-1.0, 1.0, 3.0]])), "float64").round(4).tolist()
        [[0.0, 1.0, 13.0]]

    Reference:
        arXiv:2411.03884, Polynomial Composition Activations.
    """

    @override
    def activate(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        r = ops.relu(x)
        return product(r, weight[0] + product(r, weight[1] + product(r, weight[2]))) + bias


@layer(
    formula=r"w_0 \, n(x^3) + w_1 \, n(x^2) + w_2 \, n(x) + b, \quad n(v) = v / \sqrt{\overline{v^2} + \epsilon}",
    aliases={"polycom": {"PolyNorm": lambda eps=1e-6: {"epsilon": eps}}},
)
class PolyNorm(_Polynomial):
    """A learned cubic polynomial whose powers are each normalized, for feed-forward blocks of transformers.

    f(x) = w_0 n(x^3) + w_1 n(x^2) + w_2 n(x) + b, with n(v) = v / sqrt(mean(v^2) + epsilon)

    The mean is taken over the last axis. The weight of the cube comes first, as in the authors' code.

    Args:
        epsilon: float > 0, keeps the division safe.

    Input shape:
        (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.PolyNorm()(np.array([[-1.0, 1.0, 1.0]])), "float64").round(4).tolist()
        [[-0.3333, 1.0, 1.0]]

    Reference:
        arXiv:2411.03884, Polynomial Composition Activations.
    """

    def __init__(self, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = params.finite_number("epsilon", epsilon, "PolyNorm", low=0.0, high=1.0, exclusive=True)

    @override
    def activate(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        x = nx.finite(x)
        # The sixth power of a large x overflows. The value does not change if x is divided by any m and epsilon by
        # m^(2k); so nothing flows back through m.
        m = ops.maximum(nx.max_over_axis(ops.abs(x), -1), 1.0)
        u = x / m
        total = bias
        for power in range(1, DEGREE + 1):
            v = u**power
            small = self.epsilon * (1.0 / m) ** (2 * power)
            norm = ops.sqrt(ops.mean(ops.square(v), axis=-1, keepdims=True) + small)
            total = total + weight[DEGREE - power] * (v / norm)
        return total
