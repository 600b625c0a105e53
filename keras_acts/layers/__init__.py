"""Activations with weights, randomness or a change of shape, as layers; and `get`, which makes one from a string.

One file per concept. To add a layer, read the docstring of `base.py`; its example in tests/layers/examples.py puts it
into the contract.
"""

from keras_acts.layers.affine import LearnableAffine as LearnableAffine
from keras_acts.layers.base import learnable_parameters as learnable_parameters
from keras_acts.layers.exponential import PELU as PELU
from keras_acts.layers.exponential import XIELU as XIELU
from keras_acts.layers.fused_dense import GatedDense as GatedDense
from keras_acts.layers.fused_dense import MaxoutDense as MaxoutDense
from keras_acts.layers.glu import GLU as GLU
from keras_acts.layers.glu_bounded import SiTUGLU as SiTUGLU
from keras_acts.layers.glu_bounded import SwiGLUClamped as SwiGLUClamped
from keras_acts.layers.glu_bounded import SwiGLUOAI as SwiGLUOAI
from keras_acts.layers.glu_bounded import SwiGLUStep as SwiGLUStep
from keras_acts.layers.glu_presets import GEGLU as GEGLU
from keras_acts.layers.glu_presets import GTU as GTU
from keras_acts.layers.glu_presets import Bilinear as Bilinear
from keras_acts.layers.glu_presets import ReGLU as ReGLU
from keras_acts.layers.glu_presets import ReLU2GLU as ReLU2GLU
from keras_acts.layers.glu_presets import SwiGLU as SwiGLU
from keras_acts.layers.layer_registry import get as get
from keras_acts.layers.layer_registry import info as info
from keras_acts.layers.layer_registry import names as names
from keras_acts.layers.learned_rectifiers import TLU as TLU
from keras_acts.layers.learned_rectifiers import PReLU as PReLU
from keras_acts.layers.learned_rectifiers import StarReLU as StarReLU
from keras_acts.layers.maxout import CReLU as CReLU
from keras_acts.layers.maxout import Maxout as Maxout
from keras_acts.layers.norm_free import Derf as Derf
from keras_acts.layers.norm_free import DynamicTanh as DynamicTanh
from keras_acts.layers.piecewise import APL as APL
from keras_acts.layers.piecewise import SReLU as SReLU
from keras_acts.layers.polynomial import PolyNorm as PolyNorm
from keras_acts.layers.polynomial import PolyReLU as PolyReLU
from keras_acts.layers.rational import Rational as Rational
from keras_acts.layers.self_normalizing import SELU as SELU
from keras_acts.layers.self_normalizing import AlphaDropout as AlphaDropout
from keras_acts.layers.self_normalizing import dropout_for as dropout_for
from keras_acts.layers.snake_sine import Sine as Sine
from keras_acts.layers.snake_sine import Snake as Snake
from keras_acts.layers.snake_sine import SnakeBeta as SnakeBeta
from keras_acts.layers.spatial import DynamicReLU as DynamicReLU
from keras_acts.layers.spatial import FReLU as FReLU
from keras_acts.layers.stochastic import GumbelSoftmax as GumbelSoftmax
from keras_acts.layers.stochastic import NoisyReLU as NoisyReLU
from keras_acts.layers.stochastic import ProbAct as ProbAct
from keras_acts.layers.stochastic import RReLU as RReLU
from keras_acts.layers.swish_acon import ACONC as ACONC
from keras_acts.layers.swish_acon import MetaACON as MetaACON
from keras_acts.layers.swish_acon import Swish as Swish

__all__ = [*names(), "dropout_for", "get", "info", "learnable_parameters", "names"]
