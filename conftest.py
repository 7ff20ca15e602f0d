"""Settings of the tests and of the notebooks that run as tests."""

import atexit
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell

ROOT = Path(__file__).resolve().parent
NO_NETWORK = ROOT / "tests" / "no_network"

sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "tests")]
import figures  # noqa: E402

os.environ["PYTHONPATH"] = os.pathsep.join([str(NO_NETWORK), str(ROOT / "helpers" / "course" / "path")])
if "COURSE_TEST_RUN" not in os.environ:  # else this is a worker, or the run of a single notebook, of another run
    os.environ["COURSE_TEST_RUN"] = tempfile.mkdtemp(prefix="course-tests-")
    atexit.register(shutil.rmtree, os.environ["COURSE_TEST_RUN"], ignore_errors=True)
os.environ["OMP_NUM_THREADS"] = "1"  # there is a worker for every core: more threads would take them from each other
os.environ["COURSE_FAST"] = "0"  # what tests compare is plain float32, also where OpenVINO is installed
# A shell's `... &` ignores Ctrl-C, and nohup hangups: what the tests interrupt would inherit that, and go on.
for number, handler in [(signal.SIGINT, signal.default_int_handler), (getattr(signal, "SIGHUP", None), signal.SIG_DFL)]:
    if number and signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, handler)
COMPARE = IPyNbCell.compare_outputs
exec((NO_NETWORK / "sitecustomize.py").read_text(encoding="utf-8"), {"__name__": "no_network"})


def home_of(name):
    """Make the COURSE_HOME of one file of tests: a learner's ticks stay theirs, and no file sees those of another.

    All files of a run share one cache, so that what one of them has encoded is there for the next.
    """
    run = Path(os.environ["COURSE_TEST_RUN"])
    home = run / f"{name}-{os.getpid()}"
    if not home.exists():
        home.mkdir()
        (run / "cache").mkdir(exist_ok=True)
        with contextlib.suppress(OSError):  # Windows lets only some users make links: caches are then made again
            (home / "cache").symlink_to(run / "cache", target_is_directory=True)
    return home


os.environ["COURSE_HOME"] = str(home_of("collection"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Give every file a home of its own before its fixtures, or its notebook's kernel, are made."""
    os.environ["COURSE_HOME"] = str(home_of(item.path.stem))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Let a test that fails in a browser tell what its pages showed: on CI, nobody can look."""
    report = yield
    if report.failed and "browser" in sys.modules:
        for visitor in sys.modules["browser"].Visitor.present:
            with contextlib.suppress(Exception):  # a page that is gone shows nothing
                report.sections.append(("a page showed", visitor.shown()))
    return report


def pytest_collectstart(collector):
    """Progress bars write to standard error: leave it out of nbval's comparison. Figures are compared as eyes would."""
    if collector.fspath and collector.fspath.ext == ".ipynb":
        collector.skip_compare += ("stderr",)
        if IPyNbCell.compare_outputs is COMPARE:
            IPyNbCell.compare_outputs = figures.let_noise_pass(COMPARE, "text/x-figure-data")


def pytest_collection_modifyitems(items):
    """Run the longest file first and notebooks last, and do not compare cells that show figures of the machine.

    The first file runs the solved notebooks. What they encode is in the cache when the notebooks themselves run. Cells
    stay in their order, also where a plugin has shuffled the tests.
    """
    cells = [item for item in items if item.path.suffix == ".ipynb"]
    tests = [item for item in items if item.path.suffix != ".ipynb"]
    tests.sort(key=lambda item: item.path.name != "test_exercises.py")
    items[:] = tests + sorted(cells, key=lambda item: (item.path, item.cell_num))
    for item in cells:
        if "machine-output" in item.cell.metadata.get("tags", []):
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
