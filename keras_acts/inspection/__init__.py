"""Work on a user's model: its activations, others in their place, mistakes, and what a file will lose."""

from keras_acts.core.places import Place, activations_of
from keras_acts.inspection import facts as _facts  # noqa: F401  for `keras_acts.info`
from keras_acts.inspection.checking import check
from keras_acts.inspection.findings import Finding, Findings
from keras_acts.inspection.replacing import Replaced, Replacement, replace
from keras_acts.inspection.saveable import check_saveable

__all__ = ["Finding", "Findings", "Place", "Replaced", "Replacement", "activations_of", "check", "check_saveable"]
__all__ += ["replace"]
