"""How the functions of the grammar are computed. What they mean say the equal keys of `notation.FUNCTIONS`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keras_acts.authoring.formula import kernels, truncated
from keras_acts.authoring.formula.scaled import Scaled
from keras_acts.authoring.formula.truncated import Series, Switch
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor


@dataclass(frozen=True)
class ByExponent:
    """A kernel that takes a clipped argument and gives a scaled number, as its result decays or grows exponentially."""

    value: Callable[[Tensor], Scaled]
    follows_zero: bool = False  # f(u) / u -> 1 for u -> 0


@dataclass(frozen=True)
class ThroughZero:
    """A kernel of a function that is 0 at 0, with a derivative other than 0 there: f(u) of a tiny u is as tiny."""

    value: Callable[[Tensor], Tensor]
    derivative: float = 1.0


@dataclass(frozen=True)
class Computation:
    """One function.

    Args:
        means: the same in other functions, as a formula of u, v and w, where it needs no computation of its own.
        derivative: as a formula of u; "" where `derivation` treats it.
        kernel: the value for tensors, a plain function or one of the above; None where `functions` has its own way.
        series: the power series of f(u), from that of u and the value f(u(0)); None: the integral of the derivative's.
        quotient: the function as a formula of x whose limit at 0 has to be taken.
    """

    means: str = ""
    derivative: str = ""
    kernel: ByExponent | ThroughZero | Callable[[Tensor], Tensor] | None = None
    series: Callable[[Series, float], Series] | Switch | None = None
    quotient: str = ""


COMPUTATIONS: Mapping[str, Computation] = {
    "exp": Computation(derivative="exp(u)", series=truncated.exp),
    "expm1": Computation(derivative="exp(u)", kernel=ByExponent(kernels.expm1, True), series=truncated.expm1),
    "log": Computation(derivative="1/u"),
    "log1p": Computation(derivative="1/(1 + u)"),
    "sqrt": Computation(means="u**0.5"),
    # At a kink the derivative is one element of the subdifferential: 0 for |u|.
    "abs": Computation(derivative="sign(u)", series=Switch(1.0, -1.0, is_slope=True)),
    "sign": Computation(derivative="0", kernel=ops.sign, series=Switch(1.0, -1.0)),
    "heaviside": Computation(derivative="0", kernel=kernels.heaviside, series=Switch(1.0, 0.0)),
    "relu": Computation(series=Switch(1.0, 0.0, is_slope=True)),
    "sin": Computation(derivative="cos(u)", series=truncated.sin),
    "sinc": Computation(quotient="sin(pi*x)/(pi*x)"),
    "cos": Computation(derivative="-sin(u)", series=truncated.cos),
    "tanh": Computation(derivative="sech(u)**2", kernel=ThroughZero(nx.tanh), series=truncated.tanh),
    "sinh": Computation(derivative="cosh(u)", kernel=ByExponent(kernels.sinh, True), series=truncated.sinh),
    "cosh": Computation(derivative="sinh(u)", kernel=ByExponent(kernels.cosh), series=truncated.cosh),
    "sech": Computation(derivative="-sech(u)*tanh(u)", kernel=ByExponent(kernels.sech), series=truncated.sech),
    "log_cosh": Computation(derivative="tanh(u)", kernel=kernels.log_cosh),
    "arctan": Computation(derivative="1/(1 + u**2)", kernel=ThroughZero(nx.arctan)),
    "asinh": Computation(derivative="(1 + u**2)**(-0.5)", kernel=ThroughZero(kernels.asinh)),
    "sigmoid": Computation(
        derivative="0.25*sech(0.5*u)**2", kernel=ByExponent(kernels.sigmoid), series=truncated.sigmoid
    ),
    "softplus": Computation(derivative="sigmoid(u)"),
    "erf": Computation(
        derivative="2/sqrt(pi)*exp(-u**2)", kernel=ThroughZero(nx.erf, derivative=2.0 / math.sqrt(math.pi))
    ),
    "erfc": Computation(means="2*normal_cdf(-sqrt(2)*u)"),
    "normal_cdf": Computation(derivative="sqrt(0.5/pi)*exp(-0.5*u**2)", kernel=ByExponent(kernels.normal_cdf)),
    "gaussian": Computation(means="exp(-u**2)"),
    "min": Computation(means="minimum(u, v)"),
    "max": Computation(means="maximum(u, v)"),
    "minimum": Computation(),
    "maximum": Computation(),
    "clip": Computation(means="minimum(maximum(u, v), w)"),
    "where": Computation(),
}
