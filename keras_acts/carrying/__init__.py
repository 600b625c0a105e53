"""Carry a model to where keras_acts is not: as a model of Keras alone, or as a verified file for a runtime."""

from keras_acts.carrying.exporting import Exported, export
from keras_acts.carrying.portable import to_portable

__all__ = ["Exported", "export", "to_portable"]
