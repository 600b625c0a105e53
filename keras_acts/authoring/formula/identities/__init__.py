"""Identities that make an expression simpler or spare it a cancellation: log(1 + exp(u)) is softplus(u), and so on.

Each takes the algebra that applies it, and what a sum, product or call holds. Many are formulas of u in tables.
"""
