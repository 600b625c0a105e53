"""Formulas in plain text, without Keras: text -> tree -> LaTeX, and mpmath as a judge.

    tokens      the text cut into numbers, names and signs; the error that points at the offence
    grammar     tokens to a tree of what was written
    meanings    one table: what each function of the grammar means
    typesetting the tree in LaTeX
    exact       the tree in mpmath, nothing simplified

Nothing is parsed until it is asked for.
"""

from keras_acts.notation.exact import reference as reference
from keras_acts.notation.grammar import VARIABLE as VARIABLE
from keras_acts.notation.grammar import Node as Node
from keras_acts.notation.grammar import parse as parse
from keras_acts.notation.meanings import CONSTANTS as CONSTANTS
from keras_acts.notation.meanings import FUNCTIONS as FUNCTIONS
from keras_acts.notation.tokens import FormulaError as FormulaError
from keras_acts.notation.typesetting import Latex as Latex
from keras_acts.notation.typesetting import latex as latex

__all__ = ["CONSTANTS", "FUNCTIONS", "VARIABLE", "FormulaError", "Latex", "Node", "latex", "parse", "reference"]
