"""The comparison tool: plan -> runs -> store -> statistics -> report, each a plain function over data."""

from keras_acts.experiments.comparing import carry_out as carry_out
from keras_acts.experiments.comparing import compare as compare
from keras_acts.experiments.comparing import in_order as in_order
from keras_acts.experiments.comparing import plain_job as plain_job
from keras_acts.experiments.comparing import preset_job as preset_job
from keras_acts.experiments.comparison import Comparison as Comparison
from keras_acts.experiments.plan import Plan as Plan
from keras_acts.experiments.plan import runs as runs
from keras_acts.experiments.records import Record as Record
from keras_acts.experiments.records import Run as Run
from keras_acts.experiments.runner import execute as execute
from keras_acts.experiments.store import Store as Store
from keras_acts.experiments.store import StoreError as StoreError
