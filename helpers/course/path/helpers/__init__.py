"""Stands for the course's `helpers` in a folder that Python looks through, and loads it.

The course's folder itself must not be there: a learner's ``json.py`` in it would come before Python's own.
"""

import sys
from importlib import util
from pathlib import Path

COURSE = "../../../.."  # from this file's folder
_init = Path(__file__).resolve().parent.joinpath(COURSE, "helpers", "__init__.py").resolve()
_spec = util.spec_from_file_location("helpers", _init)
sys.modules["helpers"] = util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["helpers"])
