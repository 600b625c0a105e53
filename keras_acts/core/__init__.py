"""The record of an activation, the registry, the numerics, and the bridge to Keras."""
