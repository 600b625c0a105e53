"""The comparison tool: plan -> runs -> store -> statistics -> report, each a plain function over data."""

from keras_acts.experiments.comparison import Comparison as Comparison
from keras_acts.experiments.jobs import carry_out as carry_out
from keras_acts.experiments.jobs import compare as compare
from keras_acts.experiments.jobs import in_order as in_order
from keras_acts.experiments.jobs import plain_job as plain_job
from keras_acts.experiments.jobs import preset_job as preset_job
from keras_acts.experiments.plan import Plan as Plan
from keras_acts.experiments.plan import runs as runs
from keras_acts.experiments.runs.records import Record as Record
from keras_acts.experiments.runs.records import Run as Run
from keras_acts.experiments.runs.runner import execute as execute
from keras_acts.experiments.runs.store import Store as Store
from keras_acts.experiments.runs.store import StoreError as StoreError
