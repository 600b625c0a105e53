"""Activations with weights, randomness or a change of shape, as layers; and `get`, which makes one from a string.

One file per concept. To add a layer, read the docstring of `base.py`; its example in tests/layers/examples.py puts it
into the contract.
"""

from keras_acts.layers.base import shape_parameters as shape_parameters
from keras_acts.layers.rectifiers import PReLU as PReLU
from keras_acts.layers.registry import get as get
from keras_acts.layers.registry import info as info
from keras_acts.layers.registry import names as names
