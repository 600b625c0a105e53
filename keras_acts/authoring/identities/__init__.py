"""Identities that make an expression simpler or spare it a cancellation: log(1 + exp(u)) is softplus(u), and so on.

They apply as soon as this package is imported.
"""

from keras_acts.authoring.identities import calls as calls
from keras_acts.authoring.identities import products as products
from keras_acts.authoring.identities import sums as sums
