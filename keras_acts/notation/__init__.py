"""Formulas in plain text, without Keras: text -> tree -> LaTeX, and mpmath as a judge.

    tokens       the text cut into numbers, names and signs; the error that points at the offence
    grammar      tokens to a tree of what was written
    meanings     one table: what each function of the grammar means
    typesetting  the tree in LaTeX
    exact        the tree in mpmath, nothing simplified

Nothing is parsed until it is asked for.
"""

from keras_acts.notation.exact import reference
from keras_acts.notation.grammar import VARIABLE, Node, parse
from keras_acts.notation.meanings import CONSTANTS, FUNCTIONS
from keras_acts.notation.tokens import FormulaError
from keras_acts.notation.typesetting import Latex, latex

__all__ = ["CONSTANTS", "FUNCTIONS", "VARIABLE", "FormulaError", "Latex", "Node", "latex", "parse", "reference"]
