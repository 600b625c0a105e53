"""The rules: one small function each, which yields what it found; grouped by what they need."""

from keras_acts.inspection.checking.rules import alone, data, order, outputs, targets

__all__ = ["RULES"]

RULES = (*alone.RULES, *order.RULES, *outputs.RULES, *data.RULES, *targets.RULES)
