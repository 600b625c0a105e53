"""The identity, the absolute value, steps and broken lines."""

from typing import Annotated

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

# Without `abs`, which would shadow Python's own in the module that imports everything from here.
__all__ = ["bipolar", "identity", "plu", "step"]


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


def _two_valued(x: nx.Tensor, threshold: float, below: float) -> nx.Tensor:
    return ops.where(x >= threshold, 1.0, ops.where(x < threshold, below, x))  # NaN is neither, and stays


@activation(
    formula="where(x >= threshold, 1, 0)",
    traits={"piecewise_linear", "monotonic", "bounded", "sparse"},
    aliases={"mlx": "step(threshold=0.0)"},
    kinks=lambda threshold: (threshold,),
)
def step(
    x: nx.Tensor, threshold: Annotated[float, Param("smallest input that gives 1", any_size=True)] = 0.0
) -> nx.Tensor:
    """Heaviside step: the first artificial neuron.

    The derivative is 0 everywhere, so nothing below it is trained. At the threshold it is 1 as in mlx; some libraries
    give 0.

    Returns:
        Tensor of the same shape and dtype as x, of 0 and 1.

    Example:
        >>> np.asarray(step(np.array([-2.0, 0.0, 3.0]))).tolist()
        [0.0, 1.0, 1.0]

    Reference:
        McCulloch & Pitts 1943, A Logical Calculus of the Ideas Immanent in Nervous Activity.
    """
    return _two_valued(x, threshold, 0.0)


@step.derivative
def _step_derivative(x: nx.Tensor, threshold: float = 0.0) -> nx.Tensor:
    return ops.zeros_like(x)


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


@activation(formula="where(x >= 0, 1, -1)", traits={"piecewise_linear", "monotonic", "bounded"}, kinks=(0.0,))
def bipolar(x: nx.Tensor) -> nx.Tensor:
    """Sign of the input, as binary networks take it: never 0.

    The derivative is 0 everywhere, so nothing below it is trained. ActTensor gives -1 at 0.

    Returns:
        Tensor of the same shape and dtype as x, of -1 and 1.

    Example:
        >>> np.asarray(bipolar(np.array([-2.0, 0.0, 3.0]))).tolist()
        [-1.0, 1.0, 1.0]
    """
    return _two_valued(x, 0.0, -1.0)


bipolar.derivative(_step_derivative)
