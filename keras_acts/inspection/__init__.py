"""Work on a user's model: what in it is a mistake, and what will not come back from a file."""

from keras_acts.inspection import facts as _facts  # noqa: F401  for `keras_acts.info`
from keras_acts.inspection.checking import check
from keras_acts.inspection.findings import Finding, Findings
from keras_acts.inspection.saveable import check_saveable

__all__ = ["Finding", "Findings", "check", "check_saveable"]
