"""Activations with a periodic part."""

from typing import Annotated

from keras import ops

from keras_acts.core import angle
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _snake_curvature(x, frequency):
    # 2 cos(2z) = 2 (cos z - sin z)(cos z + sin z): 2z may overflow.
    sine, cosine = angle.sine(x, frequency), angle.cosine(x, frequency)
    return 2.0 * frequency * (cosine - sine) * (cosine + sine)


@nx.with_derivative(_snake_curvature)
def _snake_slope(x, frequency):
    # 1 + sin(2z) cancels where it is small; it is (sin z + cos z)^2.
    return ops.square(angle.sine(x, frequency) + angle.cosine(x, frequency))


@activation(
    formula=r"x + \frac{\sin^2(a x)}{a}",
    paper="arXiv:2006.08195",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.PERIODIC},
    aliases={"tfa": "snake"},
    derivative=_snake_slope,
)
def snake(
    x: nx.Tensor, frequency: Annotated[float, Param("frequency of the ripple", low=0.0, exclusive=True)] = 1.0
) -> nx.Tensor:
    """A ramp with a ripple, for learning periodic functions beyond the data.

    f(x) = x + sin(frequency x)^2 / frequency

    A wide range of frequencies helps: 5 to 50 for periodic data, small ones otherwise.

    Args:
        x: float tensor of any shape.
        frequency: float > 0, frequency of the ripple.

    Returns:
        Tensor of the same shape and dtype as x; NaN at +-inf, where there is no limit.

    Example:
        >>> np.asarray(snake(np.array([-1.0, 0.0, 1.0]))).round(4).tolist()
        [-0.2919, 0.0, 1.7081]

    Reference:
        arXiv:2006.08195, Neural Networks Fail to Learn Periodic Functions and How to Fix It.
    """
    return x + ops.square(angle.sine(x, frequency)) / frequency
