"""The README's table of large catalogs is the one that was measured."""

import sys

import pytest

from helpers.evaluation import results
from helpers.home import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import measure_sizes  # noqa: E402


def test_the_table_of_the_readme_is_made_of_the_kept_figures():
    table = measure_sizes.as_markdown(results.load("sizes"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{measure_sizes.FIRST}{table}{measure_sizes.LAST}" in readme
    assert all(table.count(f"| {job} |") == 1 for job in measure_sizes.JOBS)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the memory")
def test_a_job_tells_its_seconds_and_its_memory(tmp_path):
    found = measure_sizes.measured("read", tmp_path, 10_000)
    assert found["seconds"] > 0
    assert 0.05 < found["gigabytes"] < 1
