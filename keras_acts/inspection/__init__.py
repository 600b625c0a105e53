"""Work on a user's model: its activations, others in their place, and what will not come back from a file."""

from keras_acts.core.places import Place, activations_of
from keras_acts.inspection import facts as _facts  # noqa: F401  for `keras_acts.info`
from keras_acts.inspection.replacing import Replaced, Replacement, replace
from keras_acts.inspection.saveable import Finding, check_saveable

__all__ = ["Finding", "Place", "Replaced", "Replacement", "activations_of", "check_saveable", "replace"]
