"""Activations that couple the entries along an axis."""
