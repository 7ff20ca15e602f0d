"""Shared code of the course *Recommend with Vectors*. Importing it loads nothing heavy."""
