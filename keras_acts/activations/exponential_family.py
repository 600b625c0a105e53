"""The exponential."""

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Trait


@activation(
    formula=r"e^x",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={"keras": "exponential"},
    derivative=ops.exp,
)
def exponential(x: nx.Tensor) -> nx.Tensor:
    """Exponential function, for outputs that must be positive.

    f(x) = exp(x)

    It overflows above 88.7 in float32 and 11.09 in float16. Some surveys mean exp(-x) by this name.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf].

    Example:
        >>> np.asarray(exponential(np.array([-1.0, 0.0, 1.0]))).round(4).tolist()
        [0.3679, 1.0, 2.7183]
    """
    return ops.exp(x)
