"""Settings of the tests and of the notebooks that run as tests."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
NO_NETWORK = ROOT / "tests" / "no_network"

sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "tests")]
os.environ["PYTHONPATH"] = os.pathsep.join([str(NO_NETWORK), str(ROOT / "helpers" / "path")])
if "PYTEST_XDIST_WORKER" not in os.environ:  # workers share what one of them has encoded
    os.environ["COURSE_HOME"] = tempfile.mkdtemp()  # a learner's ticks and caches stay theirs
os.environ["OMP_NUM_THREADS"] = "1"  # there is a worker for every core: more threads would take them from each other
os.environ["COURSE_FAST"] = "0"  # what tests compare is plain float32, also where OpenVINO is installed
exec((NO_NETWORK / "sitecustomize.py").read_text(encoding="utf-8"), {"__name__": "no_network"})


def pytest_collectstart(collector):
    """Progress bars write to standard error: leave it out of nbval's comparison."""
    if collector.fspath and collector.fspath.ext == ".ipynb":
        collector.skip_compare += ("stderr",)


def pytest_collection_modifyitems(items):
    """Run the longest file first, and do not compare cells that show figures of the machine; they still have to run.

    The first file runs the solved notebooks. What they encode is in the cache when the notebooks themselves run.
    """
    items.sort(key=lambda item: item.path.name != "test_exercises.py")
    for item in items:
        tags = getattr(getattr(item, "cell", None), "metadata", {}).get("tags", [])
        if "machine-output" in tags:
            item.options["check"] = False


@pytest.fixture
def movielens():
    """Give the folder of MovieLens ml-latest-small, where COURSE_DATA_DIR names one; skip otherwise."""
    folder = Path(os.environ.get("COURSE_DATA_DIR", "")) / "ml-latest-small"
    if not os.environ.get("COURSE_DATA_DIR") or not folder.is_dir():
        pytest.skip("COURSE_DATA_DIR names no folder with ml-latest-small")
    return folder


@pytest.fixture
def course_folder(tmp_path, monkeypatch):
    """Point every loader of the course's files, and the cache, to an empty folder."""
    from helpers import data

    monkeypatch.setattr(data, "DATA_DIR", tmp_path)
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def small_data_sets(monkeypatch, tmp_path):
    """Let MovieLens and MPST of a few rows count as whole; the cache is empty; COURSE_DATA_DIR is not set."""
    from helpers import data

    monkeypatch.setattr(data, "MOVIELENS_RATINGS", 3)
    monkeypatch.setattr(data, "MOVIELENS_USERS", 2)
    monkeypatch.setattr(data, "MPST_ROWS", 2)
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    return tmp_path
