"""Gated linear units with bounds, of recent language models: each bounds gate and up in its own way.

The differences are small in code and large in effect: a port that clamps on the wrong side of the activation, or drops
the shift by 1, turns a trained model into noise.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from keras_acts.layers.glu import Limit
from keras_acts.layers.glu_presets import PresetGLU
from keras_acts.layers.layer_registry import layer

__all__ = ["SiTUGLU", "SwiGLUClamped", "SwiGLUOAI", "SwiGLUStep"]


@layer(
    formula=r"g \sigma(\alpha g) (u + 1), \quad g = \min(x_{gate}, L), u = \mathrm{clip}(x_{up}, -L, L)",
    aliases={"vllm": "SwigluOAIAndMul(alpha=1.702, limit=7.0)", "gpt_oss": "swiglu(alpha=1.702, limit=7.0)"},
)
class SwiGLUOAI(PresetGLU):
    """SwiGLU of gpt-oss: clamped, steeper, and with 1 added to up.

    f(x) = g sigmoid(alpha g) (u + 1), where g = min(gate, limit) and u = up clipped to [-limit, limit]

    gpt-oss interleaves gate and up; MiniMax-M3 and the OpenAI privacy filter have them in halves: interleaved=False.

    The other arguments and the shapes are those of `PresetGLU`.

    Args:
        alpha: float > 0, steepness of the gate.
        limit: float > 0, or None for no clamp.

    Example:
        >>> x = np.array([[1.0, 0.0, 9.0, -20.0]])
        >>> np.asarray(keras_acts.layers.SwiGLUOAI()(x), "float64").round(3).tolist()
        [[0.846, -42.0]]

    Reference:
        arXiv:2508.10925, gpt-oss-120b & gpt-oss-20b Model Card.
    """

    gate = "silu"
    fixed: ClassVar = {"up_shift": 1.0}

    def __init__(
        self,
        alpha: float = 1.702,
        limit: Limit = 7.0,
        gate_first: bool = True,
        interleaved: bool = True,
        axis: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(gate_first, interleaved, axis, alpha=alpha, limit=limit, **kwargs)


@layer(
    formula=r"\mathrm{silu}(\min(x_{gate}, L)) \, \mathrm{clip}(x_{up}, -L, L)",
    aliases={"vllm": {"SiluAndMulWithClamp": lambda swiglu_limit=10.0: {"limit": swiglu_limit}}},
)
class SwiGLUClamped(PresetGLU):
    """SwiGLU of DeepSeek-V4, clamped before the activation.

    f(x) = silu(min(gate, limit)) (up clipped to [-limit, limit])

    The other arguments and the shapes are those of `PresetGLU`.

    Args:
        limit: float > 0, or None for no clamp.

    Example:
        >>> x = np.array([[1.0, 12.0, 3.0, -20.0]])
        >>> np.asarray(keras_acts.layers.SwiGLUClamped()(x), "float64").round(3).tolist()
        [[2.193, -99.995]]
    """

    gate = "silu"

    def __init__(
        self, limit: Limit = 10.0, gate_first: bool = True, interleaved: bool = False, axis: int = -1, **kwargs: Any
    ) -> None:
        super().__init__(gate_first, interleaved, axis, limit=limit, **kwargs)


@layer(
    formula=r"\min(\mathrm{silu}(x_{gate}), L) \, \mathrm{clip}(x_{up}, -L, L)",
    aliases={"vllm": "SwigluStepAndMul(limit=7.0)"},
)
class SwiGLUStep(PresetGLU):
    """SwiGLU of Step-3.7, clamped after the activation.

    f(x) = min(silu(gate), limit) (up clipped to [-limit, limit])

    Step-3.7 has it in its last layers only, with limit 7 for routed and 16 for shared experts.

    The other arguments and the shapes are those of `PresetGLU`.

    Args:
        limit: float > 0, or None for no clamp.

    Example:
        >>> x = np.array([[1.0, 12.0, 3.0, -20.0]])
        >>> np.asarray(keras_acts.layers.SwiGLUStep()(x), "float64").round(3).tolist()
        [[2.193, -49.0]]
    """

    gate = "silu"
    fixed: ClassVar = {"clamp_position": "after"}

    def __init__(
        self, limit: Limit = 7.0, gate_first: bool = True, interleaved: bool = False, axis: int = -1, **kwargs: Any
    ) -> None:
        super().__init__(gate_first, interleaved, axis, limit=limit, **kwargs)


@layer(
    formula=r"c_g \tanh(x_{gate} / c_g) \, \sigma(x_{gate}) \, c_u \tanh(x_{up} / c_u)",
    aliases={"hf": "Inkling2SoftcappedSwiGLU"},
)
class SiTUGLU(PresetGLU):
    """SwiGLU of Kimi K3, bounded smoothly by tanh.

    f(x) = c1 tanh(gate / c1) sigmoid(gate) c2 tanh(up / c2)

    The sigmoid sees the gate as it is, not capped.

    The other arguments and the shapes are those of `PresetGLU`.

    Args:
        softcap: two floats > 0, the caps c1 and c2 of gate and up.

    Example:
        >>> x = np.array([[1.0, 12.0, 3.0, -20.0]])
        >>> np.asarray(keras_acts.layers.SiTUGLU()(x), "float64").round(3).tolist()
        [[2.138, -66.075]]

    Reference:
        arXiv:2607.24653, of Kimi K3.
    """

    gate = "silu"

    def __init__(
        self,
        softcap: Sequence[float] = (4.0, 25.0),
        gate_first: bool = True,
        interleaved: bool = False,
        axis: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(gate_first, interleaved, axis, softcap=softcap, **kwargs)
