"""The named gated linear units: `GLU` with its activation and some other arguments fixed.

But for GTU the gate is the first half, as in the packed weights of most language models (LLaMA, Qwen, DeepSeek) and in
paddle; diffusers and x-transformers take the second half: gate_first=False.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from keras_acts.core.params import constructor_arguments, flag
from keras_acts.layers.glu import GLU
from keras_acts.layers.layer_registry import layer

__all__ = ["GEGLU", "GTU", "Bilinear", "ReGLU", "ReLU2GLU", "SwiGLU"]


class PresetGLU(GLU):
    """Base class of the presets: a preset names the activation of its gate, and what else of `GLU` it fixes.

    Args:
        gate_first: True if the first half (or the even channels) is the gate, False if the second.
        interleaved: True if gate and up are the even and the odd channels.
        axis: int, axis of the channels.

    Input shape:
        (batch, ..., channels, ...), with an even number of channels along `axis`.

    Output shape:
        As the input, with half the channels.

    Raises:
        TypeError: for an argument of `GLU` that the preset does not leave open.
    """

    gate: str
    fixed: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, gate_first: bool = True, interleaved: bool = False, axis: int = -1, **kwargs: Any) -> None:
        # An argument that is not in the signature would be missing in the config, and so in saved files.
        of_glu, own = (constructor_arguments(cls).keys() for cls in (GLU, type(self)))
        for name in (kwargs.keys() & of_glu) - own:
            raise TypeError(
                f"{type(self).__name__} has no argument `{name}`; GLU(activation={self.gate!r}) has. "
                f"Received: {name}={kwargs[name]!r}"
            )
        super().__init__(self.gate, gate_first, interleaved, axis=axis, **self.fixed, **kwargs)


@layer(
    formula=r"\mathrm{silu}(x_{gate}) x_{up}",
    aliases={
        "vllm": ("SiluAndMul", "MulAndSilu(*, gate_first=False)"),
        "paddle": "swiglu",
        "onnx": "SwiGLU(alpha=1.0)",
        "diffusers": "SwiGLU(*, gate_first=False)",
    },
)
class SwiGLU(PresetGLU):
    """Gated unit with silu, the feed-forward activation of LLaMA, Qwen, Mistral and most language models since.

    f(x) = silu(gate) up

    The other arguments and the shapes are those of `PresetGLU`.

    Args:
        alpha: float > 0, steepness of the gate: gate sigmoid(alpha gate).

    Example:
        >>> np.asarray(keras_acts.layers.SwiGLU()(np.array([[1.0, -2.0, 3.0, 4.0]])), "float64").round(4).tolist()
        [[2.1932, -0.9536]]

    Reference:
        arXiv:2002.05202, GLU Variants Improve Transformer.
    """

    gate = "silu"

    def __init__(
        self, gate_first: bool = True, interleaved: bool = False, alpha: float = 1.0, axis: int = -1, **kwargs: Any
    ) -> None:
        super().__init__(gate_first, interleaved, axis, alpha=alpha, **kwargs)


@layer(
    formula=r"\mathrm{gelu}(x_{gate}) x_{up}",
    aliases={
        "diffusers": "GEGLU(*, gate_first=False)",
        "vllm": {"GeluAndMul": lambda approximate="none": {"approximate": approximate == "tanh"}},
    },
)
class GEGLU(PresetGLU):
    """Gated unit with gelu, of T5 1.1, Gemma and ModernBERT.

    f(x) = gelu(gate) up

    T5 and Gemma have the tanh form of gelu: approximate=True.

    The other arguments and the shapes are those of `PresetGLU`.

    Args:
        approximate: True for the tanh form of gelu.

    Example:
        >>> np.asarray(keras_acts.layers.GEGLU()(np.array([[1.0, -2.0, 3.0, 4.0]])), "float64").round(4).tolist()
        [[2.524, -0.182]]

    Reference:
        arXiv:2002.05202, GLU Variants Improve Transformer.
    """

    def __init__(
        self,
        approximate: bool = False,
        gate_first: bool = True,
        interleaved: bool = False,
        axis: int = -1,
        **kwargs: Any,
    ) -> None:
        self.gate = "gelu_tanh" if flag("approximate", approximate, "GEGLU") else "gelu"
        super().__init__(gate_first, interleaved, axis, **kwargs)
        self.approximate = bool(approximate)


@layer(formula=r"\max(x_{gate}, 0) x_{up}")
class ReGLU(PresetGLU):
    """Gated unit with relu: the cheapest one, and sparse.

    f(x) = max(gate, 0) up

    The arguments and shapes are those of `PresetGLU`.

    Example:
        >>> np.asarray(keras_acts.layers.ReGLU()(np.array([[1.0, -2.0, 3.0, 4.0]]))).tolist()
        [[3.0, 0.0]]

    Reference:
        arXiv:2002.05202, GLU Variants Improve Transformer.
    """

    gate = "relu"


@layer(formula=r"\max(x_{gate}, 0)^2 x_{up}")
class ReLU2GLU(PresetGLU):
    """Gated unit with squared relu, of the one-bit language model BitNet b1.58.

    f(x) = max(gate, 0)^2 up

    The arguments and shapes are those of `PresetGLU`.

    Example:
        >>> np.asarray(keras_acts.layers.ReLU2GLU()(np.array([[2.0, -2.0, 3.0, 4.0]]))).tolist()
        [[12.0, 0.0]]

    Reference:
        BitNet b1.58 2B4T, technical report.
    """

    gate = "relu2"


@layer(formula=r"x_{gate} x_{up}")
class Bilinear(PresetGLU):
    """Gated unit without an activation: the product of both halves, as in NAFNet's SimpleGate.

    f(x) = gate up

    Neither factor is the gate, so there is no gate_first. The arguments and shapes are those of `PresetGLU`.

    Example:
        >>> np.asarray(keras_acts.layers.Bilinear()(np.array([[1.0, -2.0, 3.0, 4.0]]))).tolist()
        [[3.0, -8.0]]

    Reference:
        arXiv:2002.05202, GLU Variants Improve Transformer.
    """

    gate = "identity"

    def __init__(self, interleaved: bool = False, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(interleaved=interleaved, axis=axis, **kwargs)


@layer(formula=r"\sigma(x_{gate}) \tanh(x_{up})")
class GTU(PresetGLU):
    """Gated tanh unit, of WaveNet, PixelCNN and the text-to-speech model VITS.

    f(x) = sigmoid(gate) tanh(up)

    The gate is the second half, as in those models. The arguments and shapes are those of `PresetGLU`.

    Example:
        >>> np.asarray(keras_acts.layers.GTU()(np.array([[1.0, -2.0, 3.0, 4.0]])), "float64").round(4).tolist()
        [[0.7255, -0.9467]]

    Reference:
        arXiv:1612.08083, Language Modeling with Gated Convolutional Networks.
    """

    gate = "sigmoid"
    fixed: ClassVar = {"up_activation": "tanh"}

    def __init__(self, gate_first: bool = False, interleaved: bool = False, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(gate_first, interleaved, axis, **kwargs)
