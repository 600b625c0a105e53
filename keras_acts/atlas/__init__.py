"""The atlas: one page that shows every activation, with its curves, its formula and what is known of it.

Like the commands, it needs the `compare` extra.
"""

from keras_acts.atlas.page import render

__all__ = ["render"]
