"""The course's command line: ``python3 -m helpers COMMAND``. One thin function a command."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from helpers.course import bootstrap, console, launch
from helpers.course.interrupts import INTERRUPTED
from helpers.home import course_home

RATINGS_FROM_CSV = ["user_column", "item_column", "rating_column", "time_column", "scale", "counts", "liked", "zeros"]
RATINGS_FROM_CSV += ["encoding", "delimiter"]


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

    def error(self, message: str) -> NoReturn:
        """Raise `WrongUsage`."""
        raise WrongUsage(f"{self.prog}: error: {message}", self.format_usage())

    def print_help(self, file: Any = None) -> NoReturn:
        """Raise `HelpAsked`."""
        raise HelpAsked(self.format_help())


def parser() -> Parser:
    """Describe every command and its options."""
    top = Parser(prog="python3 -m helpers", description="Recommend with Vectors, a hands-on course.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    as_json, keeps, serves = Parser(add_help=False), Parser(add_help=False), Parser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="one JSON document on standard output")
    keeps.add_argument("--keep", action="store_true", help="write the figures into data/reference_results.json")
    serves.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    serves.add_argument("--port", type=whole_number(1, 65535), help="the next free one is taken if it is busy")

    start = commands.add_parser("start", parents=[serves], help="open the course in JupyterLab")
    start.add_argument(
        "--renew",
        nargs="+",
        metavar="NN",
        type=filled,
        help="a fresh copy of these notebooks, such as 03; yours are kept under names with a date",
    )
    start.add_argument("--yes", action="store_true", help="renew without asking")
    start.set_defaults(run=launch.start_course, check=start_options, port=8888)

    test = commands.add_parser("test", help="run every test, the notebooks included")
    test.add_argument("-v", "--verbose", action="store_true", help="name each test")
    test.set_defaults(run=launch.run_tests)

    recommend = commands.add_parser("recommend", parents=[as_json], help="find films like a film, typos allowed")
    recommend.add_argument("title", metavar="TITLE", type=filled)
    recommend.add_argument("-k", type=whole_number(1), default=5, help="how many (default: 5)")
    add_catalogue_options(recommend, "search")
    recommend.set_defaults(run=recommend_titles, check=catalogue_options)

    demo = commands.add_parser("demo", parents=[serves], help="the final app: find films, say what you like, see why")
    demo.add_argument("--theme", choices=["system", "light", "dark"], default="system")
    demo.add_argument(
        "--max-kernels",
        type=whole_number(1),
        default=6,
        metavar="N",
        help="open the app in at most so many tabs at once; each takes half a gigabyte (default: 6)",
    )
    add_catalogue_options(demo, "open")
    demo.set_defaults(run=launch.open_demo, check=catalogue_options, port=8866)

    evaluate = commands.add_parser(
        "evaluate", parents=[as_json, keeps], help="the scoreboard: every model, judged on held-out ratings"
    )
    evaluate.add_argument("--ratings", choices=["course", "movielens"], help="default: course")
    evaluate.add_argument("--models", metavar="A,B", type=filled, help="only these, joined by commas")
    evaluate.add_argument("-k", "--k", type=whole_number(1), default=10, help="length of the lists (default: 10)")
    evaluate.add_argument("--seed", type=whole_number(0, 2**32 - 1), default=0)
    evaluate.add_argument(
        "--protocol", choices=["last", "random", "date", "cold"], default="last", help="default: last"
    )
    evaluate.add_argument(
        "--csv", metavar="FILE", type=filled, help="judge on own ratings instead: CSV, JSON, Parquet, Excel"
    )
    for name in ("user", "item", "rating", "time"):
        says = f"default: {name}" if name != "time" else "its column of times, if it has one"
        evaluate.add_argument(f"--{name}-column", metavar=name[0].upper(), type=filled, help=says)
    evaluate.add_argument("--scale", nargs=2, type=number, metavar=("LOW", "HIGH"), help="of own ratings, if not 0.5 5")
    evaluate.add_argument(
        "--zeros",
        choices=["missing", "rating"],
        help="of own ratings: whether 0 and -1 mean not rated, or a rating",
    )
    evaluate.add_argument(
        "--counts", action="store_true", help="own ratings are counts of uses, and every use is a like"
    )
    evaluate.add_argument("--liked", metavar="R", type=number, help="the lowest of own ratings that is a like")
    for name, kind in FILE_FORMAT.items():
        evaluate.add_argument(f"--{name}", metavar=name[0].upper(), type=kind, help=launch.CATALOGUE[name])
    evaluate.set_defaults(run=evaluate_models, check=ratings_options)

    catalogue = commands.add_parser("catalogue", help="look through a catalogue of your own before you use it")
    check = catalogue.add_subparsers(dest="action", metavar="check", required=True).add_parser(
        "check", parents=[as_json], help="what was read, what is odd, and the command to go on with"
    )
    check.add_argument("csv", metavar="FILE", type=filled, help="CSV, JSON, Parquet, Excel, a folder, catalogue.toml")
    add_catalogue_options(check, "")
    check.set_defaults(run=check_catalogue)

    fetch = commands.add_parser("fetch", help="download real data: MovieLens ratings, or the plots of MPST")
    fetch.add_argument("dataset", choices=["movielens", "mpst"])
    fetch.set_defaults(run=fetch_dataset)

    benchmark = commands.add_parser(
        "benchmark", parents=[as_json, keeps], help="the speed figures, as ratios within one run"
    )
    benchmark.add_argument("--quick", action="store_true", help="smaller sizes and fewer rounds, under two minutes")
    benchmark.set_defaults(run=run_benchmark)

    doctor = commands.add_parser(
        "doctor", parents=[as_json], help="what is fine, what is not, and the command that mends it"
    )
    doctor.add_argument("--quiet", action="store_true", help="only what is not fine")
    doctor.set_defaults(run=run_doctor)
    return top


def add_catalogue_options(command: Parser, verb: str) -> None:
    """Add the options that name a catalogue of one's own."""
    if verb:
        kinds = "a CSV, JSON, Parquet or Excel file, a folder of texts, or a catalogue.toml"
        command.add_argument("--csv", metavar="FILE", type=filled, help=f"{verb} another catalogue: {kinds}")
    for name, says in launch.CATALOGUE.items():
        letter = name[0].upper().replace("T", "X" if name == "text_column" else "T")
        kind = FILE_FORMAT.get(name, filled)
        command.add_argument(f"--{name.replace('_', '-')}", metavar=letter, type=kind, help=says)


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


@contextlib.contextmanager
def told_by_argparse() -> Iterator[None]:
    """Let argparse say what is wrong. Where packages are still to be installed, the command line is read again then."""
    try:
        yield
    except ImportError:
        pass
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def encoding(text: str) -> str:
    """Argparse type for the names of text encodings that Python knows."""
    with told_by_argparse():
        from helpers.data.charset import codec

        codec(text)
    return text


def delimiter(text: str) -> str:
    """Argparse type for the sign between cells."""
    with told_by_argparse():
        from helpers.data.tables import one_sign

        return one_sign(text)
    return text


FILE_FORMAT = {"encoding": encoding, "delimiter": delimiter}


def start_options(options: argparse.Namespace) -> str | None:
    """Say what is wrong with the options of `start`, if anything is."""
    return "--yes goes with --renew" if options.yes and not options.renew else None


def catalogue_options(options: argparse.Namespace) -> str | None:
    """Say what is wrong with the options that name another catalogue, if anything is."""
    return None if options.csv else without_csv(options, [name for name in launch.CATALOGUE if name != "encoder"])


def ratings_options(options: argparse.Namespace) -> str | None:
    """Say what is wrong with the options that name ratings, if anything is."""
    if options.keep and options.models:
        return "--keep does not go with --models: figures of all models are kept together"
    if not options.csv:
        return without_csv(options, RATINGS_FROM_CSV)
    if options.ratings or options.keep:
        return f"{'--ratings' if options.ratings else '--keep'} does not go with --csv"
    if options.scale and options.scale[0] >= options.scale[1]:
        return "--scale needs a LOW that is below HIGH"
    return "--counts does not go with --scale" if options.scale and options.counts else None


def without_csv(options: argparse.Namespace, names: list) -> str | None:
    """Say which option does nothing without a file, if one was given."""
    found = [f"--{name.replace('_', '-')}" for name in names if getattr(options, name)]
    return f"{found[0]} goes with --csv" if found else None


def given(options: argparse.Namespace, *names: str) -> dict:
    """Arguments for a function: those of the options that were given."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def recommend_titles(options: argparse.Namespace) -> Answer:
    """Find the titles that are most like a title."""
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
    matched, neighbors = as_records(movies.loc[[found.attrs["matched"]]])[0], as_records(found)
    lines = [f"  {neighbor['similarity']:.2f}  {label(neighbor)}" for neighbor in neighbors]
    document = {"query": options.title, "matched": matched, "neighbors": neighbors}
    return Answer(document, [f"{found.attrs['caption']}:", *lines])


def check_catalogue(options: argparse.Namespace) -> Answer:
    """Look through a catalogue, and say what is odd."""
    from helpers.course.catalogue import examine, lines
    from helpers.data import describe

    document = examine(describe(options.csv, **given(options, *launch.CATALOGUE)))
    return Answer(document, lines(document))


def as_records(films: Any) -> list[dict]:
    """Turn rows of films into plain dictionaries: id, title, year and, of neighbors, similarity and any genres."""
    records = []
    for identifier, film in films.iterrows():
        year = film.get("year")
        year = None if year != year or year is None else int(year)
        record = {"id": film.get("id", int(identifier)), "title": film["title"], "year": year}
        if "similarity" in film:
            record["similarity"] = round(float(film["similarity"]), 4)
            if "genres" in film:
                record["genres"] = film["genres"].split("|") if isinstance(film["genres"], str) else []
        records.append(record)
    return records


def label(record: dict) -> str:
    """Title, year and genres as shown to people."""
    year = f" ({record['year']})" if record["year"] else ""
    genres = f"  [{', '.join(record['genres'])}]" if record.get("genres") else ""
    return record["title"] + year + genres


def evaluate_models(options: argparse.Namespace) -> Answer:
    """Judge models: the scoreboard."""
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
    """Measure how long things take, and how many times as long other ways take."""
    from helpers.course import benchmark
    from helpers.evaluation import results

    measured = list(benchmark.run(benchmark.QUICK if options.quick else benchmark.FULL))
    document = benchmark.as_document(measured, options.quick)
    if options.keep:
        results.keep(document, "benchmark")
    machine = f"Machine: {json.dumps(document['machine'])}. Medians; 'takes' is the time by that of the course's way."
    table = benchmark.as_table(document).to_string(na_rep="", float_format=lambda value: f"{value:,.3g}")
    return Answer(document, [machine, *table.splitlines()])


def fetch_dataset(options: argparse.Namespace) -> Answer:
    """Download a data set and say how it is used."""
    from helpers.course.fetch import fetch

    path = fetch(options.dataset)
    use = 'load_ratings("movielens")' if options.dataset == "movielens" else 'load_movies("mpst")'
    return Answer({"path": str(path)}, [f"{path} is whole. In a notebook: {use}"])


def run_doctor(options: argparse.Namespace) -> Answer:
    """Find out what is fine and what is not."""
    from helpers.course import doctor

    findings = doctor.examine()
    status = 0 if all(finding.fine for finding in findings) else 1
    told = [finding for finding in findings if not (options.quiet and finding.fine)]
    return Answer([finding._asdict() for finding in told], doctor.lines(told), status)


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
    mistake = options.check(options) if "check" in options else None
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
        line += ". Let COURSE_HOME name a folder you may write in." if str(course_home()) in str(error.filename) else ""
    console.say(line, error=True)
    if as_json:
        console.say_json(dict(getattr(error, "document", {}), error=line))
    return status
