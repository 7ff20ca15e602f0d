import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
import warnings

import pytest
from browser import serve
from processes import a_free_port

from helpers.course import bootstrap, console, launch, own_copy
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
        ["recommend", "x", "--csv", "f.csv", "--delimiter", ""],
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
        ["recommend", "x", "--k", "3"],
        ["recommend", "x", "--js"],
        ["recommend", "x", "-k", "9" * 30],
        ["benchmark", "--k"],
        ["evaluate", "--kee"],
        ["evaluate", "--prot", "last"],
        ["evaluate", "--user-column", "u"],
        ["evaluate", "--scale", "1", "5"],
        ["evaluate", "--time-column", "t"],
        ["evaluate", "--liked", "0"],
        ["evaluate", "--ratings", "course", "--zeros", "missing"],
        ["evaluate", "--encoding", "utf-8"],
        ["evaluate", "--csv", "f.csv", "--ratings", "course"],
        ["evaluate", "--csv", "f.csv", "--keep"],
        ["evaluate", "--models", "ease", "--keep"],
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
    assert {neighbor["title"] for neighbor in answer["neighbors"]} == {"Sea Hunt", "Bold"}  # without the tags of HTML
    assert "1 of 5 rows left out (0 without title, 1 without text)" in done.stderr


@pytest.mark.parametrize(
    ("file", "options", "message"),
    [
        ("absent.csv", ["--title-column", "name"], "absent.csv"),
        (None, ["--title-column", "title"], "column 'title' is missing (found: name, about)"),
        (None, ["--encoding", "nonsense"], "there is no encoding 'nonsense'"),
        (None, ["--encoding", "rot13"], "there is no encoding 'rot13'"),
        (None, ["--delimiter", "ab"], "'ab' is not a delimiter"),
    ],
)
def test_a_catalogue_that_cannot_be_used_gives_one_line(catalogue, file, options, message):
    done = run("recommend", "x", "--csv", file or str(catalogue), "--text-column", "about", *options)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_start_opens_jupyterlab_on_the_first_notebook(monkeypatch, capsys):
    commands = []
    monkeypatch.setattr(command_line.bootstrap, "ensure", lambda tests: None)
    monkeypatch.setattr(launch, "run_child", lambda command, **_: commands.append(command) or 0)
    assert command_line.main(["start", "--no-browser", "--port", "9123"]) == 0
    (command,) = commands
    assert command[0] == "jupyterlab"
    assert {"--port=9123", "--no-browser"} <= set(command)
    assert str(own_copy.folder()) in capsys.readouterr().err


def test_jupyterlab_serves_the_first_notebook_where_start_says():
    with serve("start", "--port", a_free_port()) as (_, address):
        port, path, token = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/lab/tree/(\S+)\?token=(\w+)", address).groups()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/contents/{path}?content=0&token={token}") as answer:
            assert json.load(answer)["path"] == "notebooks/00_start_here.ipynb"


def test_demo_says_in_one_line_what_is_wrong_with_a_file_before_it_serves_anything(tmp_path):
    done = run("demo", "--no-browser", "--csv", str(tmp_path / "none.csv"), "--title-column", "a", "--text-column", "b")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "none.csv" in done.stderr


# ---- every command and option, as the parser has them --------------------------------------------------------------


def every_command(parser=None, words=()):
    """Words that lead to each command, such as ("catalogue", "check"), and its parser."""
    parser = parser or command_line.parser()
    (below,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)] or [None]
    if below is None:
        yield words, parser
        return
    for word, sub in below.choices.items():
        yield from every_command(sub, (*words, word))


COMMANDS = {" ".join(words): (list(words), parser) for words, parser in every_command()}
POSITIONAL = {words: [a for a in parser._actions if not a.option_strings] for words, (_, parser) in COMMANDS.items()}
VALUES = [
    (words, action.option_strings[-1], action.nargs if isinstance(action.nargs, int) else 1)
    for words, (_, parser) in COMMANDS.items()
    for action in parser._actions
    if action.option_strings and action.nargs != 0 and action.dest != "delimiter"  # a blank is one
]
LONG = [
    (words, option)
    for words, (_, parser) in COMMANDS.items()
    for option in parser._option_string_actions
    if option.startswith("--")
]


def arguments_of(words, value=None):
    """A command line that is right, or whose positional arguments are all `value`."""
    return [*COMMANDS[words][0], *(value if value is not None else (a.choices or ["x"])[0] for a in POSITIONAL[words])]


@pytest.fixture
def nothing_runs(monkeypatch):
    """A command line that is accepted is one that gets as far as this."""
    reached = bootstrap.SetupError("reached the set-up")
    monkeypatch.setattr(bootstrap, "ensure", lambda tests: (_ for _ in ()).throw(reached))
    monkeypatch.setattr(bootstrap, "existing_python", lambda: (_ for _ in ()).throw(reached))
    monkeypatch.delenv("COURSE_DEBUG", raising=False)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_takes_what_is_right_and_tells_what_is_wrong(nothing_runs, capsys, words):
    assert command_line.main(arguments_of(words)) == 1
    assert capsys.readouterr() == ("", "reached the set-up\n")
    for wrong in (["--bogus"], ["\x1b[31m\u202e"], ["--\x9b2J"]):
        assert command_line.main([*arguments_of(words), *wrong]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("usage: ")
        assert not set(err) & {"\x1b", "\x9b", "\u202e"}


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("wrong", [["--bogus"], ["--json=1"], ["more"]])
def test_every_command_tells_in_one_document_what_is_wrong_where_json_is_asked_for(nothing_runs, capsys, words, wrong):
    assert command_line.main([*arguments_of(words), "--json", *wrong]) == 2
    out, err = capsys.readouterr()
    assert document(out)["error"] in err.replace("\n", " ")


@pytest.mark.parametrize(("words", "option", "many"), VALUES, ids=lambda part: str(part))
@pytest.mark.parametrize("empty", ["", " "])
def test_no_option_takes_an_empty_value(nothing_runs, capsys, words, option, many, empty):
    assert command_line.main([*arguments_of(words), option, *[empty] * many]) == 2
    assert capsys.readouterr().err.startswith("usage: ")


@pytest.mark.parametrize("words", [words for words, positional in POSITIONAL.items() if positional])
def test_no_command_takes_an_empty_argument(nothing_runs, words):
    assert command_line.main(arguments_of(words, "")) == 2


@pytest.mark.parametrize(("words", "option"), LONG, ids=lambda part: part)
def test_no_option_is_abbreviated(nothing_runs, words, option):
    known = {known for other, known in LONG if other == words}
    for length in range(3, len(option)):
        if option[:length] not in known:
            assert command_line.main([*arguments_of(words), option[:length], "1"]) == 2


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
@pytest.mark.parametrize(("closed", "shown"), [(">&-", "err"), ("2>&-", "out"), (">&- 2>&-", "")])
@pytest.mark.parametrize(("arguments", "status"), [("--help", 0), ("frobnicate", 2)])
def test_a_stream_that_is_closed_from_the_start_is_no_error(closed, shown, arguments, status):
    command = f"exec {shlex.quote(sys.executable)} -m helpers {arguments} {closed}"
    done = subprocess.run(["sh", "-c", command], cwd=bootstrap.ROOT, capture_output=True, text=True)
    assert done.returncode == status
    assert "Error" not in done.stderr
    assert bool(done.stdout) == (shown == "out" and status == 0)
    assert bool(done.stderr) == (shown == "err" and status == 2)


def test_a_course_that_is_not_found_is_told_quietly_in_a_terminal_too(monkeypatch, capsys):
    from helpers.course import doctor

    moved = doctor.Finding("Course", False, "another folder", "mend it")
    monkeypatch.setattr(doctor, "examine", lambda: [doctor.Finding("Python", True, "3.12", ""), moved])
    monkeypatch.setattr(bootstrap, "existing_python", lambda: None)
    assert command_line.main(["doctor", "--quiet"]) == 1
    assert capsys.readouterr().out.splitlines() == ["FIX   Course: another folder", "      mend it"]


def test_doctor_tells_quietly_only_what_is_not_fine_in_json_too(monkeypatch, capsys):
    from helpers.course import doctor

    found = [doctor.Finding("Disk", True, "much", ""), doctor.Finding("Films", False, "gone", "git checkout data")]
    monkeypatch.setattr(bootstrap, "existing_python", lambda: None)
    monkeypatch.setattr(doctor, "examine", lambda: found)
    assert command_line.main(["doctor", "--quiet", "--json"]) == 1
    assert [finding["name"] for finding in document(capsys.readouterr().out)] == ["Films"]


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

    def describe(csv, **columns):
        asked.append((csv, columns))
        raise ValueError("enough")

    monkeypatch.setattr(data, "describe", describe)
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


def test_recommend_shows_the_ids_and_genres_that_a_description_names(tmp_path, set_up, capsys):
    (tmp_path / "films.csv").write_text("isbn,t,x,g\nb7,Tide,A ship sinks.,Sea\nb9,Tides,A boat sinks.,Drama;Sea\n")
    (tmp_path / "catalogue.toml").write_text(
        'file = "films.csv"\ntitle_column = "t"\ntext_column = "x"\ngenre_column = "g"\nid_column = "isbn"\n'
    )
    assert command_line.main(["recommend", "Tide", "--csv", str(tmp_path / "catalogue.toml"), "--json"]) == 0
    found = document(capsys.readouterr().out)
    assert found["matched"]["id"] == "b7"
    assert [(neighbor["id"], neighbor["genres"]) for neighbor in found["neighbors"]] == [("b9", ["Drama", "Sea"])]


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


@pytest.mark.parametrize("arguments", [["start", "--no-browser"], ["fetch", "mpst"]])
def test_a_course_home_that_cannot_be_a_folder_is_named(arguments, monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(command_line.bootstrap, "ensure", lambda tests: None)
    assert command_line.main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("Set COURSE_HOME to a folder you can write to.")
