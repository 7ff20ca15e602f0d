import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from browser import serve

from helpers import bootstrap


def run(*arguments, **options):
    command = [sys.executable, "-m", "helpers", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=bootstrap.ROOT, stdin=subprocess.DEVNULL, **options
    )


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    path = tmp_path_factory.mktemp("catalogue") / "books.csv"
    path.write_text(
        "name;about\nThe Whale;A captain hunts a white whale across the sea.\nSea Hunt;Sailors chase a whale.\n"
        "Taxes;How to fill in the forms.\nEmpty;\n<b>Bold</b>;A ship's cook writes of whales.\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        [],
        ["recommend"],
        ["recommend", "x", "-k", "0"],
        ["recommend", "x", "-k", "many"],
        ["recommend", "x", "--csv", "f.csv"],
        ["recommend", "x", "--title-column", "t"],
        ["start", "--port", "99999999"],
        ["demo", "--csv", "f.csv", "--title-column", "t"],
        ["demo", "--genre-column", "g"],
        ["demo", "--theme", "pink"],
        ["doctor", "--bogus"],
    ],
)
def test_wrong_usage_gives_usage_and_status_2(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
    assert done.stdout == ""


def test_help_names_every_command():
    done = run("--help")
    assert done.returncode == 0
    assert all(f"\n    {command}" in done.stdout for command in ("start", "test", "recommend", "demo", "doctor"))


def test_recommend_understands_a_typo_offline():
    done = run("recommend", "Avengrs", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["query"] == "Avengrs"
    assert (answer["matched"]["title"], answer["matched"]["year"]) == ("The Avengers", 2012)
    assert len(answer["neighbors"]) == 5
    similarities = [neighbor["similarity"] for neighbor in answer["neighbors"]]
    assert similarities == sorted(similarities, reverse=True)
    assert answer["matched"]["id"] not in [neighbor["id"] for neighbor in answer["neighbors"]]
    assert set(answer["neighbors"][0]) == {"id", "title", "year", "similarity"}
    assert done.stderr == ""


def test_recommend_prints_a_list_for_people():
    done = run("recommend", "avengers", "-k", "3")
    lines = done.stdout.splitlines()
    assert lines[0] == "Most like The Avengers (2012):"
    assert len(lines) == 4


def test_a_title_that_is_not_there_names_the_three_nearest_and_gives_status_1():
    done = run("recommend", "Toy Stry Wxyz Qqqqqq", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["matched"] is None
    assert len(json.loads(done.stdout)["suggestions"]) == 3
    assert done.stderr.count("\n") == 1
    assert "Toy Story" in done.stderr


def test_recommend_on_another_catalogue(catalogue):
    columns = ["--title-column", "name", "--text-column", "about"]
    done = run("recommend", "the wale", "--csv", str(catalogue), *columns, "-k", "2", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["matched"] == {"id": 1, "title": "The Whale", "year": None}
    assert {neighbor["title"] for neighbor in answer["neighbors"]} == {"Sea Hunt", "<b>Bold</b>"}
    assert "1 of 5 rows left out (0 without title, 1 without text)" in done.stderr


@pytest.mark.parametrize(
    ("file", "column", "message"),
    [("absent.csv", "name", "absent.csv"), (None, "title", "column 'title' is missing (found: name, about)")],
)
def test_a_catalogue_that_cannot_be_used_gives_one_line(catalogue, file, column, message):
    done = run("recommend", "x", "--csv", file or str(catalogue), "--title-column", column, "--text-column", "about")
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_doctor_finds_everything_in_place():
    done = run("doctor", "--json")
    findings = json.loads(done.stdout)
    assert done.returncode == 0, findings
    assert {finding["name"] for finding in findings} >= {
        "Python",
        "Packages",
        "Encoder",
        "Films",
        "Listings",
        "Ratings",
        "Vectors",
        "Data files",
    }


def test_doctor_names_the_file_that_is_not_as_published(course_folder, capsys):
    from helpers import data, doctor
    from helpers.bootstrap import ROOT

    for file in (ROOT / "data").glob("*.*"):
        (course_folder / file.name).write_bytes(file.read_bytes())
    (course_folder / "LICENSE").write_bytes((ROOT / "data" / "LICENSE").read_bytes())
    (course_folder / data.CHECKSUMS).write_bytes((ROOT / "data" / data.CHECKSUMS).read_bytes())
    assert data.changed_files() == []
    with (course_folder / "ratings.csv").open("a") as file:
        file.write("1,5,4.5,1536000000\n")
    (course_folder / "vectors.npz").unlink()
    doctor.show(doctor.examine())
    assert "MEND  Data files: not as published: ratings.csv, vectors.npz" in capsys.readouterr().out


def test_doctor_names_the_command_that_mends(course_folder, capsys):
    from helpers import doctor

    doctor.show(doctor.examine())
    printed = capsys.readouterr().out
    assert "MEND  Films: movies.csv" in printed
    assert "git checkout data" in printed


def test_start_opens_jupyterlab_on_the_first_notebook(monkeypatch):
    from helpers import __main__ as command_line
    from helpers import launch

    commands = []
    monkeypatch.setattr(command_line.bootstrap, "ensure", lambda tests: None)
    monkeypatch.setattr(launch, "run_child", lambda command, **_: commands.append(command) or 0)
    assert command_line.main(["start", "--no-browser", "--port", "9123"]) == 0
    (command,) = commands
    assert command[1:3] == ["-m", "jupyterlab"]
    assert {"--port=9123", "--no-browser"} <= set(command)


def ask(url, patience=30):
    """Get JSON from a server that may still be starting."""
    give_up = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.URLError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)


def test_jupyterlab_serves_the_first_notebook_where_start_says():
    with serve("start", "--port", 18933) as (_, address):
        port, path, token = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/lab/tree/(\S+)\?token=(\w+)", address).groups()
        answer = ask(f"http://127.0.0.1:{port}/api/contents/{path}?content=0&token={token}")
        assert answer["path"] == "notebooks/00_start_here.ipynb"


def test_demo_says_in_one_line_what_is_wrong_with_a_file_before_it_serves_anything(tmp_path):
    done = run("demo", "--no-browser", "--csv", str(tmp_path / "none.csv"), "--title-column", "a", "--text-column", "b")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "none.csv" in done.stderr
