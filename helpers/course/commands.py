"""The course's command line: ``python3 -m helpers COMMAND``. One thin function a command."""

from __future__ import annotations

import argparse
import errno
import json
import math
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

from helpers.course import bootstrap, console, launch
from helpers.course.interrupts import INTERRUPTED
from helpers.home import course_home


class Answer(NamedTuple):
    """What a command found out: as one JSON document, in lines for people, and as an exit status."""

    document: object
    lines: list
    status: int = 0


class Failure(Exception):
    """An error that has something to add to the JSON document that tells of it."""

    def __init__(self, message: object, **document: Any):
        super().__init__(message)
        self.document = document


class WrongUsage(Exception):
    """What is wrong with a command line, and how the command is used."""


class HelpAsked(Exception):
    """The text that --help asks for."""


class Parser(argparse.ArgumentParser):
    """Takes no abbreviations (``--k`` is not ``--keep``), and leaves it to `main` to print and to end."""

    def __init__(self, **options: Any):
        super().__init__(**dict(options, allow_abbrev=False))
        self.color = False  # of Python 3.14: `console` writes what a terminal obeys as escapes

    def error(self, message: str) -> NoReturn:
        """Raise `WrongUsage`."""
        raise WrongUsage(f"{self.prog}: error: {message}", self.format_usage())

    def print_help(self, file: Any = None) -> NoReturn:
        """Raise `HelpAsked`."""
        raise HelpAsked(self.format_help())


def whole_number(low: int, high: int = sys.maxsize) -> Callable[[str], int]:
    """Make an argparse type for whole numbers from `low` to `high`."""

    def convert(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            wrong = f"is not {low} or more" if value < low else f"is more than {high}"
            raise argparse.ArgumentTypeError(f"{text} {wrong}")
        return value

    convert.__name__ = "whole number"
    return convert


def number(text: str) -> float:
    """Argparse type for finite numbers."""
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number")
    return value


def filled(text: str) -> str:
    """Argparse type for texts that may not be empty: an empty one is a variable that a script forgot to set."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty")
    return text


def sign(text: str) -> str:
    """Argparse type for the sign between cells, which may be a blank."""
    return text if text == " " else filled(text)


def flag(name: str) -> str:
    """An option as it is typed: ``--title-column`` of ``"title_column"``."""
    return "--" + name.replace("_", "-")


FLAG: dict[str, Any] = {"action": "store_true"}
FILES = "a CSV, JSON, Parquet or Excel file; for a catalog, also a folder of texts or a catalogue.toml"
OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {  # what each says and takes: by default, a text that is not empty
    "title": ("a title, typos allowed", {"metavar": "TITLE"}),
    "notebook": ("the notebook to open, such as 03 (default: the first)", {"metavar": "NN", "nargs": "?"}),
    "action": ("what was read, what is odd, and the command to continue with", {"choices": ["check"]}),
    "csv": (FILES, {"metavar": "FILE"}),
    "dataset": ("MovieLens ratings, or the plots of MPST", {"choices": ["movielens", "mpst"]}),
    "--json": ("one JSON document on standard output", FLAG),
    "--keep": ("write the figures into data/reference_results.json", FLAG),
    "--no-browser": ("print the address, open nothing", FLAG),
    "--port": ("if this one is busy, the next free one is used", {"type": whole_number(1, 65535)}),
    "--renew": ("fresh copies, such as of 03; yours are kept under names with a date", {"nargs": "+", "metavar": "NN"}),
    "--yes": ("renew without asking", FLAG),
    "-v/--verbose": ("name each test", FLAG),
    "-k": ("how many (default: %(default)s)", {"type": whole_number(1), "default": 5}),
    "--csv": (f"your own data instead: {FILES}", {"metavar": "FILE"}),
    **{flag(name): (says, {"type": {"delimiter": sign}.get(name, filled)}) for name, says in launch.CATALOGUE.items()},
    "--theme": ("default: %(default)s", {"choices": ["system", "light", "dark"], "default": "system"}),
    "--max-kernels": (
        "tabs open at once; each takes half a gigabyte, or two gigabytes for 100,000 titles (default: 6)",
        {"type": whole_number(1), "default": 6},
    ),
    "--ratings": ("default: course", {"choices": ["course", "movielens"]}),
    "--models": ("only these, joined by commas", {"metavar": "A,B"}),
    "-k/--k": ("length of the lists (default: %(default)s)", {"type": whole_number(1), "default": 10}),
    "--seed": ("default: %(default)s", {"type": whole_number(0, 2**32 - 1), "default": 0}),
    "--protocol": ("default: %(default)s", {"choices": ["last", "random", "date", "cold"], "default": "last"}),
    "--user-column": ("of your own ratings (default: user)", {}),
    "--item-column": ("of your own ratings (default: item)", {}),
    "--rating-column": ("of your own ratings (default: rating)", {}),
    "--time-column": ("of your own ratings, if they have one", {}),
    "--scale": ("of your own ratings, if not 0.5 5", {"nargs": 2, "type": number, "metavar": ("LOW", "HIGH")}),
    "--zeros": ("whether 0 and -1 mean not rated, or a rating", {"choices": ["missing", "rating"]}),
    "--counts": ("your own ratings are counts of uses; one use is a like, unless --liked says otherwise", FLAG),
    "--liked": ("the lowest of your own ratings that is a like", {"type": number}),
    "--quick": ("smaller sizes and fewer rounds, under two minutes", FLAG),
    "--quiet": ("only what needs fixing", FLAG),
}
CATALOGUE = " ".join(map(flag, launch.CATALOGUE))
RATINGS = "--user-column --item-column --rating-column --time-column --scale --zeros --counts --liked"
RATINGS += " --encoding --delimiter"
NEEDS = {"--yes": "--renew"}  # does nothing without the other
NEEDS |= {name: "--csv" for name in f"{CATALOGUE} {RATINGS}".split() if name != "--encoder"}
CLASHES = {  # what does not go together, and why
    ("--keep", "--models"): ": figures of all models are kept together",
    ("--ratings", "--csv"): "",
    ("--keep", "--csv"): "",
    ("--counts", "--scale"): "",
}


def parser() -> Parser:
    """Describe every command, by the first line of what it runs, and its options."""
    top = Parser(prog="python3 -m helpers", description="Recommend with Vectors, a hands-on course.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (run, options) in COMMANDS.items():
        command = commands.add_parser(name, help=(run.__doc__ or "").partition("\n")[0])
        for option in options.split():
            says, takes = OPTIONS[option]
            default = {} if takes.keys() & {"action", "choices"} else {"type": filled}
            command.add_argument(*option.split("/"), help=says, **default | takes)
        command.set_defaults(run=run)
    return top


def mistake_in(options: argparse.Namespace) -> str | None:
    """Say which options do not go together, if any."""
    asked = {flag(name) for name, value in vars(options).items() if value is not None and value is not False}
    for name, needed in NEEDS.items():
        if name in asked and needed not in asked:
            return f"{name} goes with {needed}"
    for (name, other), why in CLASHES.items():
        if {name, other} <= asked:
            return f"{name} does not go with {other}{why}"
    if "--scale" in asked and options.scale[0] >= options.scale[1]:
        return "--scale needs a LOW that is below HIGH"
    return None


def given(options: argparse.Namespace, *names: str) -> dict:
    """Arguments for a function: those of the options that were given."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def recommend_titles(options: argparse.Namespace) -> Answer:
    """Find films like a film, typos allowed."""
    from helpers.data import describe, load_movies
    from helpers.search.neighbors import TitleNotFoundError, find_similar_movies

    if options.csv:
        described = describe(options.csv, **given(options, *launch.CATALOGUE))
        movies, encoder = described.films(), described.encoder
    else:
        movies, encoder = load_movies(), options.encoder
    try:
        found = find_similar_movies(options.title, k=options.k, movies=movies, encoder=encoder)
    except TitleNotFoundError as error:
        raise Failure(error, query=options.title, matched=None, suggestions=error.suggestions) from error
    for name in ("genres", "id") if options.csv else ():
        if name in movies:
            found[name] = movies[name]
    matched = as_record(movies.loc[found.attrs["matched"]])
    neighbors = [as_record(film) for _, film in found.iterrows()]
    lines = [f"  {neighbor['similarity']:.2f}  {label(neighbor)}" for neighbor in neighbors]
    document = {"query": options.title, "matched": matched, "neighbors": neighbors}
    return Answer(document, [f"{found.attrs['caption']}:", *lines])


def check_catalogue(options: argparse.Namespace) -> Answer:
    """Check a catalog of your own before you use it."""
    from helpers.course.catalogue_check import examine, lines
    from helpers.data import describe

    document = examine(describe(options.csv, **given(options, *launch.CATALOGUE)))
    return Answer(document, lines(document))


def as_record(film: Any) -> dict:
    """Turn a row of films into a plain dictionary: id, title, year and, of neighbors, similarity and any genres."""
    from pandas import isna

    year = film.get("year")
    year = None if isna(year) else int(year)
    record = {"id": film.get("id", int(film.name)), "title": film["title"], "year": year}
    if "similarity" in film:
        record["similarity"] = round(float(film["similarity"]), 4)
        if "genres" in film:
            record["genres"] = film["genres"].split("|") if isinstance(film["genres"], str) else []
    return record


def label(record: dict) -> str:
    """Title, year and genres as shown to people."""
    year = f" ({record['year']})" if record["year"] else ""
    genres = f"  [{', '.join(record['genres'])}]" if record.get("genres") else ""
    return record["title"] + year + genres


def evaluate_models(options: argparse.Namespace) -> Answer:
    """Show the scoreboard: every model, judged on held-out ratings."""
    from helpers.data import read_ratings_csv
    from helpers.evaluation import scoreboard
    from helpers.recommenders import MODELS, WITHOUT_FILMS

    ratings = options.ratings or "course"
    if options.csv:
        columns = [options.user_column or "user", options.item_column or "item", options.rating_column or "rating"]
        more: dict[str, Any] = {"scale": "counts"} if options.counts else {}
        more |= given(options, "time_column", "scale", "zeros", "liked", "encoding", "delimiter")
        ratings = read_ratings_csv(options.csv, *columns, **more)
    every = WITHOUT_FILMS if options.csv else list(MODELS)
    names = options.models.split(",") if options.models else every
    unknown = [name for name in names if name not in every]
    if unknown:
        raise ValueError(f"there is no model '{unknown[0]}' for these ratings; choose from {', '.join(every)}.")
    task = scoreboard.Task(ratings, options.protocol, options.k, options.seed)
    document = scoreboard.as_document(task, dict(scoreboard.run(task, {name: MODELS[name] for name in names})))
    if options.keep:
        scoreboard.keep(document)
    simulated = " (simulated viewers)" if task.name == "course" else ""
    table = scoreboard.as_table(document).round(3).to_string().splitlines()
    return Answer(document, [f"Ratings: {task.name}{simulated}. {json.dumps(document['protocol'])}", *table])


def run_benchmark(options: argparse.Namespace) -> Answer:
    """Measure speed, as ratios within one run."""
    from helpers.course import benchmark

    return Answer(*benchmark.answer(options.quick, options.keep))


def fetch_dataset(options: argparse.Namespace) -> Answer:
    """Download real data: MovieLens ratings, or the plots of MPST."""
    from helpers.course.fetch import fetch

    path = fetch(options.dataset)
    use = 'load_ratings("movielens")' if options.dataset == "movielens" else 'load_movies("mpst")'
    return Answer({"path": str(path)}, [f"{path} is whole. In a notebook: {use}"])


def run_doctor(options: argparse.Namespace) -> Answer:
    """Find out what is fine, what is not, and the command that fixes it."""
    from helpers.course import doctor

    findings = doctor.examine()
    status = 0 if all(finding.fine for finding in findings) else 1
    told = [finding for finding in findings if not (options.quiet and finding.fine)]
    return Answer([finding._asdict() for finding in told], doctor.lines(told), status)


COMMANDS: dict[str, tuple[Callable, str]] = {
    "start": (launch.start_course, "notebook --no-browser --port --renew --yes"),
    "test": (launch.run_tests, "-v/--verbose"),
    "recommend": (recommend_titles, f"title -k --csv {CATALOGUE} --json"),
    "demo": (launch.open_demo, f"--no-browser --port --theme --max-kernels --csv {CATALOGUE}"),
    "evaluate": (evaluate_models, f"--ratings --models -k/--k --seed --protocol --csv {RATINGS} --json --keep"),
    "catalogue": (check_catalogue, f"action csv {CATALOGUE} --json"),
    "fetch": (fetch_dataset, "dataset"),
    "benchmark": (run_benchmark, "--quick --json --keep"),
    "doctor": (run_doctor, "--quiet --json"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, see to the environment, run the command, print what it found out."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    as_json = any(option.partition("=")[0] == "--json" for option in options)  # also where it is used wrongly
    console.prepare()
    try:
        bootstrap.check_python()
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: console.say(message, error=True)
            status = show(answer(arguments), as_json)
    except HelpAsked as asked:
        status = show(Answer({"help": str(asked)}, str(asked).splitlines()), as_json)
    except WrongUsage as wrong:
        mistake, usage = wrong.args
        for line in usage.splitlines():
            console.say(line, error=True)
        status = fail(mistake, as_json, status=2)
    except KeyboardInterrupt:
        status = fail(INTERRUPTED, as_json)
    except Exception as error:  # whatever it is, who reads JSON gets a document, and nobody a traceback
        status = fail(error, as_json)
    unwritten = console.finish()
    return fail(unwritten) if unwritten else status


def answer(arguments: list) -> Answer | int:
    """Run the command that a command line names."""
    top = parser()
    options = top.parse_args(arguments)
    mistake = mistake_in(options)
    if mistake:
        top.error(mistake)
    looks = options.run is run_doctor
    other = bootstrap.existing_python() if looks else bootstrap.ensure(tests=options.run is launch.run_tests)
    if other:
        bootstrap.hand_over(other)
    return options.run(options)


def show(found: Answer | int, as_json: bool) -> int:
    """Print what a command found out, and give its exit status."""
    if isinstance(found, int):
        return found
    if as_json:
        console.say_json(found.document)
    for line in found.lines if not as_json else ():
        console.say(line)
    return found.status


EXPECTED = (bootstrap.SetupError, Failure, ValueError, LookupError, OSError, ImportError)


def fail(error: object, as_json: bool = False, status: int = 1) -> int:
    """Print one line on standard error, one document on standard output if that was asked for; give the status."""
    if os.environ.get("COURSE_DEBUG") and isinstance(error, BaseException):
        raise error
    message = error.args[0] if isinstance(error, KeyError) and error.args else error
    line = " ".join(str(message).split())
    if isinstance(error, BaseException) and not isinstance(error, EXPECTED):
        line = f"{type(error).__name__}: {line} (the course did not expect this; COURSE_DEBUG=1 shows where it was)"
    if "COURSE_HOME" in os.environ and isinstance(error, OSError) and error.errno != errno.ENOSPC:
        line += ". Set COURSE_HOME to a folder you can write to." if str(course_home()) in str(error.filename) else ""
    console.say(line, error=True)
    if as_json:
        console.say_json(dict(getattr(error, "document", {}), error=line))
    return status
