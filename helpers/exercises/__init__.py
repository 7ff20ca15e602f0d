"""Exercises that answer back: one module a notebook, and the checker that they share."""
