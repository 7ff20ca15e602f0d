"""Shared code of the course *Recommend with Vectors*. Importing it loads nothing heavy."""

import sys

if sys.argv[:1] == ["-m"] and not getattr(sys.flags, "safe_path", False):
    # `python3 -m helpers` puts the current folder first: a learner's json.py must not stand for Python's.
    sys.path.append(sys.path.pop(0))
