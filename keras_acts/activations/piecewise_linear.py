"""The identity, the absolute value and broken lines."""

from typing import Annotated

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

# Without `abs`, which would shadow Python's own in the module that imports everything from here.
__all__ = ["identity", "plu"]


@activation(
    formula="x",
    traits={"piecewise_linear", "smooth", "monotonic", "odd", "single_rounding"},
    aliases={"keras hf": "linear", "torch onnx": "Identity", "jax flax timm": "identity"},
)
def identity(x: nx.Tensor) -> nx.Tensor:
    """No activation: the input itself. Keras calls it "linear".

    Returns:
        x.

    Example:
        >>> np.asarray(identity(np.array([-2.0, 3.0]))).tolist()
        [-2.0, 3.0]
    """
    return x


@activation(formula="abs(x)", traits={"piecewise_linear", "non_monotonic", "even", "single_rounding"}, kinks=(0.0,))
def abs(x: nx.Tensor) -> nx.Tensor:
    """Absolute value, also called V-ReLU.

    The derivative at 0 is 0.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(keras_acts.activations.abs(np.array([-2.0, 0.0, 3.0]))).tolist()
        [2.0, 0.0, 3.0]
    """
    return ops.abs(x)


abs.derivative(lambda x: ops.where(x > 0.0, 1.0, ops.where(x < 0.0, -ops.ones_like(x), 0.0)))


@activation(
    formula="max(alpha * (x + c) - c, min(alpha * (x - c) + c, x))",
    traits={"piecewise_linear", "monotonic", "odd"},
    kinks=lambda alpha, c: (-c, c),
)
def plu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("slope of the outer pieces", low=0.0, high=1.0, exclusive=True)] = 0.1,
    c: Annotated[float, positive("half-width of the inner piece")] = 1.0,
) -> nx.Tensor:
    """Piecewise linear unit: `hard_tanh` whose gradient never vanishes.

    The derivative is 1 at both kinks.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(plu(np.array([-2.0, 0.5, 11.0]))).round(4).tolist()
        [-1.1, 0.5, 2.0]

    Reference:
        Nicolae 2018, PLU: The Piecewise Linear Unit Activation Function.
    """
    inner = ops.clip(x, -c, c)
    return inner + alpha * (x - inner)


plu.derivative(lambda x, alpha, c: ops.where(ops.abs(x) <= c, ops.ones_like(x), alpha))
