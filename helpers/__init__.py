"""Shared code of the course *Recommend with Vectors*. Importing it loads nothing heavy."""

import sys

if sys.argv[:1] == ["-m"]:  # `python3 -m helpers`, whose main module has not been read yet
    if not getattr(sys.flags, "safe_path", False):
        sys.path.append(sys.path.pop(0))  # the current folder: a learner's json.py must not stand for Python's
    from helpers import guard

    guard.one_line_for_interrupts()
