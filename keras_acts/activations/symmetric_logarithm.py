"""The symmetric logarithm and its inverse: numbers of both signs and all sizes, squeezed and spread again."""

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import activation

__all__ = ["symexp", "symlog"]


def _with_sign_of(x: nx.Tensor, size: nx.Tensor) -> nx.Tensor:
    """Near 0 it is x itself, as processors may read the sign of a subnormal number as that of 0."""
    return ops.where(ops.abs(x) < 1e-30, x, ops.where(x < 0.0, -size, size))


@activation(
    formula="sign(x) * log(1 + abs(x))", traits={"monotonic", "odd"}, aliases={"dreamerv3": "symlog"}, kinks=(0.0,)
)
def symlog(x: nx.Tensor) -> nx.Tensor:
    """Symmetric logarithm: the identity near 0, a logarithm of either sign far out.

    DreamerV3 takes it for inputs and targets of unknown size: `symexp` undoes it. Its derivative is 1 at 0, where
    automatic differentiation of `sign(x) log1p(|x|)` gives 0, and falls off only as `1 / |x|`. `asinh` is like it, and
    smooth.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(symlog(np.array([-2.0, 0.5, 3.0]))).round(4).tolist()
        [-1.0986, 0.4055, 1.3863]

    Reference:
        arXiv:2301.04104, Mastering Diverse Domains through World Models.
    """
    return _with_sign_of(x, nx.log1p(ops.abs(x)))


symlog.derivative(lambda x: 1.0 / (1.0 + ops.abs(x)))


@symlog.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    slope = 1.0 / (1.0 + ops.abs(x))
    return -(ops.sign(x) * slope) * slope


@activation(
    formula="sign(x) * (exp(abs(x)) - 1)", traits={"monotonic", "odd"}, aliases={"dreamerv3": "symexp"}, kinks=(0.0,)
)
def symexp(x: nx.Tensor) -> nx.Tensor:
    """Symmetric exponential, the inverse of `symlog`: for outputs whose size is not known before.

    It overflows beyond 88 in float32, as the exponential does, and beyond 11 in float16. The derivative at 0 is 1.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(symexp(np.array([-2.0, 0.5, 3.0]))).round(4).tolist()
        [-6.3891, 0.6487, 19.0855]

    Reference:
        arXiv:2301.04104, Mastering Diverse Domains through World Models.
    """
    return _with_sign_of(x, nx.expm1(ops.abs(x)))


symexp.derivative(lambda x: ops.exp(ops.abs(x)))
symexp.second_derivative(lambda x: ops.sign(x) * ops.exp(ops.abs(x)))
