"""The parameter `axis` of activations over an axis."""

from typing import Annotated

from keras_acts.core.params import Param

ShareAxis = Annotated[int, Param("axis along which the outputs sum to 1")]
RankAxis = Annotated[int, Param("axis along which the entries compete")]
