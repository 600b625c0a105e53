"""The comparison tool: task -> runs -> analysis -> report, each a plain function over data.

`task` holds data and networks, `plan` says what is run, `runs` trains and keeps records, `analysis` turns records into
findings, `report` draws and writes them, `presets` are published experiments, and `Comparison` is what a user holds.
"""

from keras_acts import _extras

with _extras.named():
    from keras_acts.experiments.comparison import Comparison
    from keras_acts.experiments.execution import carry_out, in_order
    from keras_acts.experiments.jobs import compare, plain_job, preset_job
    from keras_acts.experiments.plan import Plan
    from keras_acts.experiments.runs.records import Record, Run
    from keras_acts.experiments.runs.runner import execute
    from keras_acts.experiments.runs.store import Store, StoreError

__all__ = ["Comparison", "Plan", "Record", "Run", "Store", "StoreError", "carry_out", "compare", "execute"]
__all__ += ["in_order", "plain_job", "preset_job"]
