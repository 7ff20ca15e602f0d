"""Stands beside the notebooks for the course's `helpers`, one folder above, and loads it.

So a notebook runs in every editor whose Python has the packages, also where nobody told it of the course's folder.
"""

import sys
from importlib import util
from pathlib import Path

_spec = util.spec_from_file_location("helpers", Path(__file__).resolve().parents[2] / "helpers" / "__init__.py")
sys.modules["helpers"] = util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["helpers"])
