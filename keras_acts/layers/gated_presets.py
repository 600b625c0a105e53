"""The named gated linear units: `GLU` with its activation and clamps fixed.

But for GTU the gate is the first half, as in the packed weights of most language models (LLaMA, Qwen, DeepSeek) and in
paddle; diffusers and x-transformers take the second half: gate_first=False.
"""

from typing import Any

from keras_acts.layers.gated_units import GLU
from keras_acts.layers.registry import layer


@layer(
    formula=r"\mathrm{silu}(x_{gate}) x_{up}",
    paper="arXiv:2002.05202",
    aliases={
        "vllm": ("SiluAndMul", "MulAndSilu(gate_first=False)"),
        "paddle": "swiglu",
        "onnx": "SwiGLU",
        "diffusers": "SwiGLU(gate_first=False)",
    },
)
class SwiGLU(GLU):
    """Gated unit with silu, the feed-forward activation of LLaMA, Qwen, Mistral and most language models since.

    f(x) = silu(gate) up

    Args:
        gate_first: True if the first half (or the even channels) is the gate, False if the second.
        interleaved: True if gate and up are the even and the odd channels.
        alpha: float > 0, steepness of the gate: gate sigmoid(alpha gate).
        axis: int, axis of the channels.

    Input shape:
        (batch, ..., channels, ...), with an even number of channels along `axis`.

    Output shape:
        As the input, with half the channels.

    Example:
        >>> np.asarray(keras_acts.layers.SwiGLU()(np.array([[1.0, -2.0, 3.0, 4.0]])), "float64").round(4).tolist()
        [[2.1932, -0.9536]]

    Reference:
        arXiv:2002.05202, GLU Variants Improve Transformer.
    """

    def __init__(
        self, gate_first: bool = True, interleaved: bool = False, alpha: float = 1.0, axis: int = -1, **kwargs: Any
    ) -> None:
        super().__init__("silu", gate_first=gate_first, interleaved=interleaved, alpha=alpha, axis=axis, **kwargs)


@layer(
    formula=r"\mathrm{gelu}(x_{gate}) x_{up}",
    paper="arXiv:2002.05202",
    aliases={
        "diffusers": "GEGLU(gate_first=False)",
        "vllm": "GeluAndMul",
    },
)
class GEGLU(GLU):
    """Gated unit with gelu, of T5 1.1, Gemma and ModernBERT.

    f(x) = gelu(gate) up

    T5 and Gemma have the tanh form of gelu: approximate=True.

    Args:
        approximate: True for the tanh form of gelu.
        gate_first: True if the first half (or the even channels) is the gate, False if the second.
        interleaved: True if gate and up are the even and the odd channels.
        axis: int, axis of the channels.

    Input shape:
        (batch, ..., channels, ...), with an even number of channels along `axis`.

    Output shape:
        As the input, with half the channels.

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
        activation = "gelu_tanh" if approximate else "gelu"
        super().__init__(activation, gate_first=gate_first, interleaved=interleaved, axis=axis, **kwargs)
        self.approximate = bool(approximate)

    def get_config(self) -> dict[str, Any]:
        """All arguments."""
        return {**super().get_config(), "approximate": self.approximate}


@layer(formula=r"\max(x_{gate}, 0) x_{up}", paper="arXiv:2002.05202")
class ReGLU(GLU):
    """Gated unit with relu: the cheapest one, and sparse.

    f(x) = max(gate, 0) up

    Args:
        gate_first: True if the first half (or the even channels) is the gate, False if the second.
        interleaved: True if gate and up are the even and the odd channels.
        axis: int, axis of the channels.

    Input shape:
        (batch, ..., channels, ...), with an even number of channels along `axis`.

    Output shape:
        As the input, with half the channels.

    Example:
        >>> np.asarray(keras_acts.layers.ReGLU()(np.array([[1.0, -2.0, 3.0, 4.0]]))).tolist()
        [[3.0, 0.0]]

    Reference:
        arXiv:2002.05202, GLU Variants Improve Transformer.
    """

    def __init__(self, gate_first: bool = True, interleaved: bool = False, axis: int = -1, **kwargs: Any) -> None:
        super().__init__("relu", gate_first=gate_first, interleaved=interleaved, axis=axis, **kwargs)


@layer(formula=r"\max(x_{gate}, 0)^2 x_{up}", paper="BitNet b1.58 2B4T")
class ReLU2GLU(GLU):
    """Gated unit with squared relu, of the one-bit language model BitNet b1.58.

    f(x) = max(gate, 0)^2 up

    Args:
        gate_first: True if the first half (or the even channels) is the gate, False if the second.
        interleaved: True if gate and up are the even and the odd channels.
        axis: int, axis of the channels.

    Input shape:
        (batch, ..., channels, ...), with an even number of channels along `axis`.

    Output shape:
        As the input, with half the channels.

    Example:
        >>> np.asarray(keras_acts.layers.ReLU2GLU()(np.array([[2.0, -2.0, 3.0, 4.0]]))).tolist()
        [[12.0, 0.0]]

    Reference:
        BitNet b1.58 2B4T, technical report.
    """

    def __init__(self, gate_first: bool = True, interleaved: bool = False, axis: int = -1, **kwargs: Any) -> None:
        super().__init__("relu2", gate_first=gate_first, interleaved=interleaved, axis=axis, **kwargs)


@layer(formula=r"x_{gate} x_{up}", paper="arXiv:2002.05202")
class Bilinear(GLU):
    """Gated unit without an activation: the product of both halves, as in NAFNet's SimpleGate.

    f(x) = gate up

    Args:
        interleaved: True if the factors are the even and the odd channels, False if they are the halves.
        axis: int, axis of the channels.

    Input shape:
        (batch, ..., channels, ...), with an even number of channels along `axis`.

    Output shape:
        As the input, with half the channels.

    Example:
        >>> np.asarray(keras_acts.layers.Bilinear()(np.array([[1.0, -2.0, 3.0, 4.0]]))).tolist()
        [[3.0, -8.0]]

    Reference:
        arXiv:2002.05202, GLU Variants Improve Transformer.
    """

    def __init__(self, interleaved: bool = False, axis: int = -1, **kwargs: Any) -> None:
        super().__init__("identity", gate_first=True, interleaved=interleaved, axis=axis, **kwargs)


@layer(formula=r"\sigma(x_{gate}) \tanh(x_{up})", paper="arXiv:1612.08083")
class GTU(GLU):
    """Gated tanh unit, of WaveNet, PixelCNN and the text-to-speech model VITS.

    f(x) = sigmoid(gate) tanh(up)

    The gate is the second half, as in those models.

    Args:
        gate_first: True if the first half (or the even channels) is the gate, False if the second.
        interleaved: True if gate and up are the even and the odd channels.
        axis: int, axis of the channels.

    Input shape:
        (batch, ..., channels, ...), with an even number of channels along `axis`.

    Output shape:
        As the input, with half the channels.

    Example:
        >>> np.asarray(keras_acts.layers.GTU()(np.array([[1.0, -2.0, 3.0, 4.0]])), "float64").round(4).tolist()
        [[0.7255, -0.9467]]

    Reference:
        arXiv:1612.08083, Language Modeling with Gated Convolutional Networks.
    """

    def __init__(self, gate_first: bool = False, interleaved: bool = False, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(
            "sigmoid", gate_first=gate_first, interleaved=interleaved, up_activation="tanh", axis=axis, **kwargs
        )
