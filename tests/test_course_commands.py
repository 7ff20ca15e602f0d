import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings

import pytest
from browser import serve

from helpers.course import bootstrap, console, launch
from helpers.course import commands as command_line
from helpers.evaluation import scoreboard


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
        ["catalogue"],
        ["catalogue", "check"],
        ["catalogue", "check", ""],
        ["recommend", "x", "--csv", "f.csv", "--delimiter", "ab"],
        ["evaluate", "--counts"],
        ["evaluate", "--csv", "f.csv", "--counts", "--scale", "1", "5"],
        ["recommend", "x", "--title-column", "t"],
        ["start", "--port", "99999999"],
        ["demo", "--title-column", "t"],
        ["demo", "--genre-column", "g"],
        ["demo", "--theme", "pink"],
        ["doctor", "--bogus"],
        ["recommend", ""],
        ["recommend", " "],
        ["recommend", "x", "--csv", ""],
        ["recommend", "x", "--csv="],
        ["recommend", "x", "--csv", "f.csv", "--title-column", "", "--text-column", "b"],
        ["recommend", "x", "--encoding", "utf-8"],
        ["recommend", "x", "--year-column", "y"],
        ["recommend", "x", "--csv", "f", "--title-column", "a", "--text-column", "b", "--encoding", "nonsense"],
        ["recommend", "x", "--csv", "f", "--title-column", "a", "--text-column", "b", "--encoding", "rot13"],
        ["recommend", "x", "--k", "3"],
        ["recommend", "x", "--js"],
        ["recommend", "x", "-k", "9" * 30],
        ["benchmark", "--k"],
        ["evaluate", "--kee"],
        ["evaluate", "--prot", "last"],
        ["evaluate", "--user-column", "u"],
        ["evaluate", "--scale", "1", "5"],
        ["evaluate", "--time-column", "t"],
        ["evaluate", "--encoding", "utf-8"],
        ["evaluate", "--csv", "f.csv", "--ratings", "course"],
        ["evaluate", "--csv", "f.csv", "--keep"],
        ["evaluate", "--csv", "f.csv", "--scale", "5", "1"],
        ["evaluate", "--csv", "f.csv", "--scale", "1", "inf"],
        ["evaluate", "--models", ""],
        ["evaluate", "--seed", "4294967296"],
        ["demo", "--csv", ""],
    ],
)
def test_wrong_usage_gives_usage_and_status_2(arguments, capsys):
    assert command_line.main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("usage: ")
    assert said.out == ""


def test_wrong_usage_ends_the_program_with_status_2():
    done = run("recommend", "x", "--csv", "")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].endswith("error: argument --csv: is empty")


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


def test_start_opens_jupyterlab_on_the_first_notebook(monkeypatch):
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


# ---- one JSON document, whatever happens ---------------------------------------------------------------------------


def document(printed):
    assert printed.count("\n") == 1
    return json.loads(printed, parse_constant=pytest.fail)


@pytest.fixture
def set_up(monkeypatch):
    """The environment is there, and warnings are shown, not raised."""
    monkeypatch.setattr(bootstrap, "ensure", lambda tests: None)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        yield


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["recommend", "x", "-k", "0", "--json"], 2, "0 is not 1 or more"),
        (["recommend", "--json"], 2, "TITLE"),
        (["start", "--json"], 2, "unrecognized arguments: --json"),
        (["frobnicate", "--json"], 2, "invalid choice"),
        (["recommend", "x", "--json", "--csv", "no.csv", "--title-column", "a", "--text-column", "b"], 1, "no.csv"),
        (["evaluate", "--json", "--models", "nonsense"], 1, "no model 'nonsense'"),
    ],
)
def test_errors_are_a_json_document_too(set_up, capsys, arguments, status, said):
    assert command_line.main(arguments) == status
    out, err = capsys.readouterr()
    assert said in document(out)["error"]
    assert said in err


def test_help_is_a_json_document_where_json_is_asked_for(capsys):
    assert command_line.main(["recommend", "--help", "--json"]) == 0
    assert "--title-column" in document(capsys.readouterr().out)["help"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyboardInterrupt(), "interrupted"),
        (MemoryError(), "MemoryError"),
        (ZeroDivisionError("no one\nthought of it"), "ZeroDivisionError: no one thought of it"),
        (bootstrap.SetupError("no space"), "no space"),
    ],
)
def test_whatever_stops_a_command_is_one_line_and_one_document(monkeypatch, capsys, error, said):
    def stop(**_):
        raise error

    monkeypatch.setattr(bootstrap, "ensure", stop)
    monkeypatch.delenv("COURSE_DEBUG", raising=False)
    assert command_line.main(["evaluate", "--json"]) == 1
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert document(out)["error"].startswith(said)


def test_what_is_not_a_number_is_null_in_json(capsys):
    console.say_json({"rmse": float("nan"), "list": [float("inf"), (1.5, None)], "title": "Amélie\x7f\u202e"})
    assert capsys.readouterr().out.isascii()
    console.say_json({"rmse": float("nan"), "list": [float("inf"), (1.5, None)], "title": "Amélie\x7f\u202e"})
    found = document(capsys.readouterr().out)
    assert found == {"rmse": None, "list": [None, [1.5, None]], "title": "Amélie\x7f\u202e"}


# ---- what terminals and pipes get ----------------------------------------------------------------------------------


@pytest.fixture
def hostile(tmp_path):
    """A catalogue whose titles hold what a terminal obeys."""
    path = tmp_path / "hostile.csv"
    rows = [
        "title,about",
        "Red \x1b[31m,A ship sinks.",
        "Bell \x07\x9b2J,A ship sails.",
        "Back \u202eward,A boat sails.",
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return ["--csv", str(path), "--title-column", "title", "--text-column", "about"]


@pytest.mark.parametrize("title", ["Red", "Bell", "Back", "nothing \x1b[2J like it at all"])
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_no_control_character_of_data_reaches_a_terminal(set_up, capsys, hostile, title, form):
    command_line.main(["recommend", title, *hostile, *form])
    printed = "".join(capsys.readouterr())
    assert not set(re.sub("\n", "", printed)) & set(map(chr, [*range(32), *range(127, 160), 0x202E]))
    assert title[:3] in printed


def test_what_is_printed_keeps_every_other_character():
    title = "Amélie \u05d0\u200f हिन्दी क्\u200dष 👩\u200d🚀 ไทย"
    assert console.printable(title) == title
    assert console.printable("a\tb\nc\ud800\u2028\u2066") == "a\\tb\\nc\\ud800\\u2028\\u2066"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_what_an_encoding_lacks_is_written_as_an_escape(tmp_path, encoding):
    path = tmp_path / "films.csv"
    path.write_text("t,x\nAmélie Ж,A waitress helps others.\nThe Other Ж,A waiter helps.\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "helpers", "recommend", "Amélie Ж", "--csv", str(path), "--title-column", "t",
         "--text-column", "x"],
        cwd=bootstrap.ROOT, capture_output=True, env=dict(os.environ, PYTHONIOENCODING=encoding),
    )  # fmt: skip
    first = done.stdout.decode(encoding).splitlines()[0]
    wanted = "Most like Amélie Ж:".encode(encoding, "backslashreplace").decode(encoding)
    assert (done.returncode, first) == (0, wanted), done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes break in another way")
@pytest.mark.parametrize("arguments", [["recommend", "Alien", "-k", "900"], ["--help"], ["doctor"]])
def test_a_reader_that_has_gone_is_no_error(arguments):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "helpers", *arguments], cwd=bootstrap.ROOT, stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert done.stderr == b""
    assert done.returncode == (0 if arguments != ["doctor"] else done.returncode)
    assert done.returncode in (0, 1)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has this file")  # noqa: PTH110
def test_output_that_cannot_be_written_is_an_error_in_one_line():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "helpers", "recommend", "Alien"],
            cwd=bootstrap.ROOT, stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr


# ---- options that reach what they name -----------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["last", "random", "date", "cold"])
def test_a_protocol_splits_as_its_name_says(protocol):
    from helpers import evaluation
    from helpers.data import load_ratings

    ratings = load_ratings("course").head(4_000)
    split = {
        "last": evaluation.split_last(ratings, seed=3),
        "random": evaluation.split_random(ratings, seed=3),
        "date": evaluation.split_date(ratings),
        "cold": evaluation.split_cold(ratings, seed=3),
    }[protocol]
    for wanted, got in zip(split, scoreboard.PROTOCOLS[protocol](ratings, 3), strict=True):
        assert wanted.equals(got)


def test_a_split_by_date_tests_on_what_came_last():
    from helpers.data import load_ratings

    train, test = scoreboard.PROTOCOLS["date"](load_ratings("course"), 0)
    assert train["timestamp"].max() <= test["timestamp"].min()


def test_evaluate_gives_the_protocol_that_was_asked_for_to_the_split(set_up, monkeypatch, capsys):
    asked = []
    real = scoreboard.Task
    monkeypatch.setattr(scoreboard, "Task", lambda *given: asked.append(given) or real(*given))
    given = ["--protocol", "date", "-k", "7", "--seed", "5", "--models", "popularity"]
    assert command_line.main(["evaluate", *given, "--json"]) == 0
    assert asked == [("course", "date", 7, 5)]
    assert document(capsys.readouterr().out)["protocol"]["split"] == "date"


def test_options_of_a_catalogue_reach_the_loader(monkeypatch, set_up):
    from helpers import data

    asked = []

    def load_movies(csv, **columns):
        asked.append((csv, columns))
        raise ValueError("enough")

    monkeypatch.setattr(data, "load_movies", load_movies)
    every = ["--title-column", "t", "--text-column", "x", "--genre-column", "g", "--year-column", "y"]
    assert command_line.main(["recommend", "A", "--csv", "f.csv", *every, "--encoding", "cp1251"]) == 1
    columns = {"title_column": "t", "text_column": "x", "genre_column": "g", "year_column": "y", "encoding": "cp1251"}
    assert asked == [("f.csv", columns)]


def test_options_of_ratings_reach_the_loader(monkeypatch, set_up):
    from helpers import data

    asked = []

    def read_ratings_csv(*given, **more):
        asked.append((given, more))
        raise ValueError("enough")

    monkeypatch.setattr(data, "read_ratings_csv", read_ratings_csv)
    assert command_line.main(["evaluate", "--csv", "f.csv", "--item-column", "i", "--encoding", "gbk"]) == 1
    assert command_line.main(["evaluate", "--csv", "f.csv", "--time-column", "t", "--scale", "0", "10"]) == 1
    assert asked == [
        (("f.csv", "user", "i", "rating"), {"encoding": "gbk"}),
        (("f.csv", "user", "item", "rating"), {"time_column": "t", "scale": [0.0, 10.0]}),
    ]


def test_recommend_shows_years_and_genres_of_another_catalogue(tmp_path, set_up, capsys):
    path = tmp_path / "films.csv"
    path.write_text(
        "t,x,g,y\nTide,A ship sinks.,Drama;Sea,1950-05-01\nTide,A boat sinks.,Sea,1990\nHill,A walk.,,\n",
        encoding="utf-8",
    )
    columns = ["--title-column", "t", "--text-column", "x", "--genre-column", "g", "--year-column", "y"]
    assert command_line.main(["recommend", "Tide 1990", "--csv", str(path), *columns]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Most like Tide (1990):"
    assert lines[1].endswith("Tide (1950)  [Drama, Sea]")
    assert command_line.main(["recommend", "Tide 1990", "--csv", str(path), *columns, "--json"]) == 0
    found = document(capsys.readouterr().out)
    assert found["matched"] == {"id": 2, "title": "Tide", "year": 1990}
    assert [neighbor["genres"] for neighbor in found["neighbors"]] == [["Drama", "Sea"], []]
