"""Exercises that give feedback: a module per notebook, the checker they share, quizzes, and guesses before results."""

from helpers.exercises.guesses import ask

__all__ = ["ask"]
