"""Work on a user's model: what in it will not come back from a file."""

from keras_acts.inspection import facts as _facts  # noqa: F401  for `keras_acts.info`
from keras_acts.inspection.saveable import Finding, check_saveable

__all__ = ["Finding", "check_saveable"]
