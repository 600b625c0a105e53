"""An example of each layer: constructor arguments and the shape of one sample. The contract runs over all of them."""

from dataclasses import dataclass, field
from typing import Any

from keras_acts import layers

VECTOR = (6,)
SEQUENCE = (4, 6)
IMAGE = (5, 4, 6)


@dataclass(frozen=True)
class Example:
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = VECTOR

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{key}={value}" for key, value in self.arguments.items())])

    def layer(self, **more: Any) -> Any:
        return layers.get(self.name, **self.arguments, **more)


EXAMPLES = [
    Example("ACONC"),
    Example("APL", {"pieces": 3}),
    Example("Derf", shape=SEQUENCE),
    Example("DynamicReLU", {"reduction": 2, "pieces": 3}, IMAGE),
    Example("DynamicReLU", {"reduction": 2, "per_channel": False}),
    Example("DynamicTanh"),
    Example("FReLU", shape=IMAGE),
    Example("LearnableAffine", {"activation": "elu(alpha=0.5)"}),
    Example("MetaACON", {"reduction": 2}, IMAGE),
    Example("PELU"),
    Example("PELU", {"shared_axes": [1]}, SEQUENCE),
    Example("PReLU"),
    Example("PReLU", {"shared_axes": [1, 2]}, IMAGE),
    Example("PReLU", {"shared_axes": "all"}, SEQUENCE),
    Example("PolyNorm"),
    Example("PolyReLU"),
    Example("Rational", {"approximates": "gelu"}),
    Example("Rational", {"approximates": "tanh", "degrees": [3, 3]}),
    Example("SReLU"),
    Example("Sine", {"w0": 3.0}),
    Example("Sine", {"w0": 3.0, "learn_w0": True}),
    Example("Snake"),
    Example("SnakeBeta"),
    Example("StarReLU"),
    Example("Swish"),
    Example("Swish", {"shared_axes": None}, SEQUENCE),
    Example("TLU"),
    Example("TLU", {"affine": True, "tau_initializer": -0.5, "alpha_initializer": 0.1}),
    Example("XIELU"),
]

ONE_EACH = list({example.name: example for example in EXAMPLES}.values())
