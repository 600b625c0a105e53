"""The gated linear unit: half of the channels, activated, times the other half."""

from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core import params, resolve
from keras_acts.layers.at_infinity import FAR, product
from keras_acts.layers.base import Tensor
from keras_acts.layers.channels import ChannelChanging
from keras_acts.layers.in_turn import in_turn
from keras_acts.layers.layer_registry import layer

__all__ = ["GLU"]

Limit = float | None  # of the size of gate and up; None for no clamp


@layer(
    formula=r"\sigma(x_{gate}) x_{up}",
    aliases={
        "keras": "glu",
        "jax flax": "glu(axis=-1)",
        "torch": {"GLU glu": lambda dim=-1: {"axis": dim}},
        "paddle": "GLU glu(axis=-1)",
        "mlx": "GLU(axis=-1)",
    },
)
class GLU(ChannelChanging):
    """Gated linear unit: half of the channels, activated, is the gate of the other half.

    f(x) = activation(gate) up, where gate and up are the halves of x

    With all arguments: f(x) = a (u + up_shift), where a = activation(alpha gate) / alpha and u = up_activation(up).
    For feed-forward layers of Transformers, after a Dense layer of twice the width; `GatedDense` has that in one.
    The presets `SwiGLU`, `GEGLU`, `ReGLU`, ... are this layer with some arguments fixed.

    Which half is the gate differs between libraries, and a wrong choice is silent: the second one in `glu` of Keras,
    torch and jax, as here; the first one in most language models, as in the presets; every second channel in gpt-oss.

    Args:
        activation: name, spec string or callable: what is applied to the gate. Also "threshold(threshold=0.1)"
            (FATReLU) and the like.
        gate_first: True if the first half (or the even channels) is the gate, False if the second.
        interleaved: True if gate and up are the even and the odd channels.
        alpha: float > 0, steepness: activation(alpha gate) / alpha. With silu it is gate sigmoid(alpha gate).
        up_activation: name, spec string or callable: what is applied to up; None for nothing.
        up_shift: float, added to up, after clamping.
        limit: float > 0, or None. The gate is clamped from above, to min(gate, limit), up to [-limit, limit].
        clamp_position: "before" or "after" the activation, for the clamp of the gate.
        softcap: None or two floats > 0, caps for gate and up: up becomes cap tanh(up / cap), and the activation is
            multiplied by tanh(z) / z, z = gate / cap. With silu it is cap tanh(gate / cap) sigmoid(gate).
        axis: int, axis of the channels.

    Input shape:
        (batch, ..., channels, ...), with an even number of channels along `axis`.

    Output shape:
        As the input, with half the channels.

    Raises:
        ValueError: for an odd or unknown number of channels, when the layer is built.

    Example:
        >>> x = np.array([[1.0, 2.0, 0.0, 3.0]])
        >>> np.asarray(keras_acts.layers.GLU()(x), "float64").round(4).tolist()
        [[0.5, 1.9051]]
        >>> np.asarray(keras_acts.layers.GLU("relu", gate_first=True)(x)).tolist()
        [[0.0, 6.0]]

    Reference:
        arXiv:1612.08083, Language Modeling with Gated Convolutional Networks; arXiv:2002.05202, GLU Variants Improve
        Transformer.
    """

    _pieces = 2

    def __init__(
        self,
        activation: Any = "sigmoid",
        gate_first: bool = False,
        interleaved: bool = False,
        alpha: float = 1.0,
        up_activation: Any = None,
        up_shift: float = 0.0,
        limit: Limit = None,
        clamp_position: str = "before",
        softcap: Sequence[float] | None = None,
        axis: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(axis, **kwargs)
        name = type(self).__name__
        self.activation = self._hold(activation)
        self.gate_first = params.flag("gate_first", gate_first, name)
        self.interleaved = self._neighbours = params.flag("interleaved", interleaved, name)
        self.alpha = params.finite_number("alpha", alpha, name, low=0.0, exclusive=True)
        self.up_activation = None if up_activation is None else self._hold(up_activation)
        self.up_shift = params.finite_number("up_shift", up_shift, name)
        self.limit = None if limit is None else params.finite_number("limit", limit, name, low=0.0, exclusive=True)
        self.clamp_position = params.choice("clamp_position", clamp_position, name, ("before", "after"))
        self.softcap = None if softcap is None else _caps(softcap, name)
        if self.limit is not None and self.softcap is not None:
            raise ValueError(
                f"`limit` and `softcap` of {name} are two ways to bound the unit: give one of them. "
                f"Received: limit={limit!r}, softcap={softcap!r}"
            )

    @override
    def activate(self, x: Tensor) -> Tensor:
        axis, _ = self.axis_and_channels(x.shape)
        inside = [each for each in (self.activation, self.up_activation) if each is not None]
        ours = all(resolve.declaration_of(each)[0] is not None for each in inside)  # and so without variables
        parts = self._parts(x, axis)
        return in_turn(self._gated, parts, axis) if ours else self._gated(*parts)

    def _gated(self, first: Tensor, second: Tensor) -> Tensor:
        gate, up = (first, second) if self.gate_first else (second, first)
        if self.up_activation is not None:
            up = self.up_activation(up)
        if self.limit is not None:
            up = ops.clip(up, -self.limit, self.limit)
            gate = ops.minimum(gate, self.limit) if self.clamp_position == "before" else gate
        if self.softcap is not None:
            up = self.softcap[1] * ops.tanh(up / self.softcap[1])
            gate = ops.clip(gate, -FAR, FAR)  # where all is bounded, or as good as infinite
        value = self.activation(gate) if self.alpha == 1.0 else self.activation(self.alpha * gate) / self.alpha
        if self.limit is not None and self.clamp_position == "after":
            value = ops.minimum(value, self.limit)
        if self.softcap is not None:
            _, shrinking = nx.tanh_and_quotient(ops.abs(gate / self.softcap[0]))
            value = value * shrinking
        return product(value, up + self.up_shift if self.up_shift else up)


def _caps(value: Any, owner: str) -> list[float]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise ValueError(f"`softcap` of {owner} must be two numbers > 0, for gate and up. Received: softcap={value!r}")
    return [params.finite_number("softcap", cap, owner, low=0.0, exclusive=True) for cap in value]
