"""Activations with weights, randomness or a change of shape, as layers; and `get`, which makes one from a string.

Each learned weight takes a regularizer and a constraint by its name: `Snake(frequency_regularizer="l2")`. Names other
than those of classes: `get`, `info`, `names`, `function_or_layer`, and, for weight decay, `learnable_parameters` and
`exclude_from_weight_decay`.

A layer whose weights would be lost as `activation=` of a layer of Keras is refused where that is made, also inside a
Sequential or the like. Assigned later, as in `dense.activation = PReLU()`, it is not seen: give it to the constructor.

One file per concept. To add a layer, read the docstring of `base.py`; its example in tests/layers/examples.py puts it
into the contract.
"""

from keras_acts.layers.anti_aliased import *
from keras_acts.layers.dice import *
from keras_acts.layers.divisive_normalization import *
from keras_acts.layers.exponential import *
from keras_acts.layers.fused_dense import *
from keras_acts.layers.glu import *
from keras_acts.layers.glu_bounded import *
from keras_acts.layers.glu_presets import *
from keras_acts.layers.layer_registry import function_or_layer, get, info, names
from keras_acts.layers.learned_rectifiers import *
from keras_acts.layers.learned_slopes import *
from keras_acts.layers.maxout import *
from keras_acts.layers.norm_free import *
from keras_acts.layers.piecewise import *
from keras_acts.layers.polynomial import *
from keras_acts.layers.self_normalizing import *
from keras_acts.layers.snake_sine import *
from keras_acts.layers.sorting import *
from keras_acts.layers.spatial import *
from keras_acts.layers.stochastic import *
from keras_acts.layers.swish_acon import *
from keras_acts.layers.weight_decay import *
from keras_acts.layers.wire_gabor import *

__all__ = [*names(), "dropout_for", "exclude_from_weight_decay", "function_or_layer", "get", "info"]
__all__ += ["learnable_parameters", "names"]
