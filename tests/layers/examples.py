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
    Example("AdaptiveSlope", {"activation": "softsign", "shared_axes": None}, SEQUENCE),
    Example("AdaptiveSlope", {"activation": "tanh", "n": 2.0}),
    Example("AlphaDropout", {"rate": 0.3}),
    Example("AntiAliased", {"activation": "elu(alpha=0.5)", "axis": 2}, IMAGE),
    Example("AntiAliased", {"activation": "snake"}, SEQUENCE),
    Example("Bilinear"),
    Example("CReLU", shape=SEQUENCE),
    Example("CReLU", {"activation": "elu(alpha=0.5)", "signed": True}),
    Example("Derf", shape=SEQUENCE),
    Example("Dice", {"alpha_initializer": 0.2}),
    Example("Dice", {"beta_initializer": 0.7}, SEQUENCE),
    Example("DynamicReLU", {"reduction": 2, "pieces": 3}, IMAGE),
    Example("DynamicReLU", {"reduction": 2, "per_channel": False}),
    Example("DynamicTanh"),
    Example("FReLU", shape=IMAGE),
    Example("GDN"),
    Example("GDN", {"inverse": True, "gamma_initializer": 0.1}, IMAGE),
    Example("GEGLU", shape=SEQUENCE),
    Example("GEGLU", {"approximate": True}),
    Example("GLU", shape=IMAGE),
    Example("GLU", {"activation": "elu(alpha=0.5)", "alpha": 2.0, "up_activation": "tanh", "axis": 1}, (6,)),
    Example("GTU"),
    Example("GatedDense", {"units": 6, "two_thirds": True, "use_bias": True}),
    Example("GatedDense", {"units": 4, "unit": "SwiGLUOAI"}, SEQUENCE),
    Example("GroupSort", {"group_size": 2}),
    Example("GroupSort", {"group_size": 3, "grouping": "strided", "descending": True}, SEQUENCE),
    Example("GroupSort"),
    Example("GumbelSoftmax", {"temperature": 0.7}),
    Example("JumpReLU", {"threshold_initializer": 0.3}),
    Example("JumpReLU", {"threshold_initializer": 0.3, "bandwidth": 4.0, "shared_axes": [1]}, SEQUENCE),
    Example("LearnableAffine", {"activation": "elu(alpha=0.5)"}),
    Example("LearnableSigmoid", {"beta": 1.2}),
    Example("LearnableSigmoid", {"learn_beta": True}, SEQUENCE),
    Example("Maxout", {"pieces": 3}, SEQUENCE),
    Example("Maxout", {"pieces": 2, "grouping": "consecutive"}),
    Example("MaxoutDense", {"units": 4, "pieces": 3}, SEQUENCE),
    Example("MetaACON", {"reduction": 2}, IMAGE),
    Example("NoisyReLU"),
    Example("PELU"),
    Example("PELU", {"shared_axes": [1]}, SEQUENCE),
    Example("PReLU"),
    Example("PReLU", {"shared_axes": [1, 2]}, IMAGE),
    Example("PReLU", {"shared_axes": "all"}, SEQUENCE),
    Example("PolyNorm"),
    Example("PolyReLU"),
    Example("ProbAct"),
    Example("RReLU"),
    Example("Rational", {"approximates": "gelu"}),
    Example("Rational", {"approximates": "tanh", "degrees": [3, 3]}),
    Example("ReGLU"),
    Example("ReLU2GLU"),
    Example("SELU", {"variance": 2.0, "dropout_rate": 0.2}),
    Example("SReLU"),
    Example("SiTUGLU"),
    Example("Sine", {"w0": 3.0}),
    Example("Sine", {"w0": 3.0, "learn_w0": True}),
    Example("Snake"),
    Example("Snake", {"log_scale": True}, SEQUENCE),
    Example("SnakeBeta"),
    Example("SnakeBeta", {"log_scale": False}),
    Example("Stan"),
    Example("StarReLU"),
    Example("SwiGLU", {"gate_first": False}, SEQUENCE),
    Example("SwiGLUClamped", {"limit": 1.5}),
    Example("SwiGLUOAI", {"limit": 1.5}),
    Example("SwiGLUStep", {"limit": 1.5}),
    Example("Swish"),
    Example("Swish", {"shared_axes": None}, SEQUENCE),
    Example("TLU"),
    Example("TLU", {"affine": True, "tau_initializer": -0.5, "alpha_initializer": 0.1}),
    Example("WireGabor", {"units": 4, "w0": 3.0, "s0": 0.5}, SEQUENCE),
    Example("XIELU"),
]

ONE_EACH = list({example.name: example for example in EXAMPLES}.values())
