"""The course's command line: ``python3 -m helpers COMMAND``. One thin function a command."""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings

from helpers import bootstrap, launch


def parser() -> argparse.ArgumentParser:
    """Describe every command and its options."""
    top = argparse.ArgumentParser(prog="python3 -m helpers", description="Recommend with Vectors, a hands-on course.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    start = commands.add_parser("start", help="open the course in JupyterLab")
    start.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    start.add_argument(
        "--port", type=whole_number(1, 65535), default=8888, help="the next free one is taken if it is busy"
    )
    start.set_defaults(run=launch.start_course)

    test = commands.add_parser("test", help="run every test, the notebooks included")
    test.add_argument("-v", "--verbose", action="store_true", help="name each test")
    test.set_defaults(run=launch.run_tests)

    recommend = commands.add_parser("recommend", help="find films like a film, typos allowed")
    recommend.add_argument("title", metavar="TITLE")
    recommend.add_argument("-k", type=whole_number(1), default=5, help="how many (default: 5)")
    recommend.add_argument("--json", action="store_true", help="one JSON document on standard output")
    recommend.add_argument("--csv", metavar="FILE", help="search another catalogue: a CSV or CSV.gz file")
    recommend.add_argument("--title-column", metavar="T", help="its column of titles")
    recommend.add_argument("--text-column", metavar="X", help="its column of texts")
    recommend.set_defaults(run=recommend_titles, check=catalogue_options)

    demo = commands.add_parser("demo", help="the final app: find films, say what you like, see why")
    demo.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    demo.add_argument("--port", type=whole_number(1, 65535), default=8866, help="the next free one is taken if busy")
    demo.add_argument("--theme", choices=["light", "dark"], default="light")
    demo.add_argument(
        "--max-kernels",
        type=whole_number(1),
        default=6,
        metavar="N",
        help="open the app in at most so many tabs at once; each takes half a gigabyte (default: 6)",
    )
    demo.add_argument("--csv", metavar="FILE", help="open another catalogue: a CSV or CSV.gz file")
    demo.add_argument("--title-column", metavar="T", help="its column of titles")
    demo.add_argument("--text-column", metavar="X", help="its column of texts")
    demo.add_argument("--genre-column", metavar="G", help="its column of genres, if it has one")
    demo.add_argument("--year-column", metavar="Y", help="its column of years or dates, if it has one")
    demo.set_defaults(run=launch.open_demo, check=catalogue_options)

    evaluate = commands.add_parser("evaluate", help="the scoreboard: every model, judged on held-out ratings")
    evaluate.add_argument("--ratings", choices=["course", "movielens"], default="course", help="default: course")
    evaluate.add_argument("--models", metavar="A,B", help="only these, joined by commas")
    evaluate.add_argument("-k", "--k", type=whole_number(1), default=10, help="length of the lists (default: 10)")
    evaluate.add_argument("--seed", type=whole_number(0), default=0)
    evaluate.add_argument(
        "--protocol", choices=["last", "random", "date", "cold"], default="last", help="default: last"
    )
    evaluate.add_argument("--csv", metavar="FILE", help="judge on own ratings instead: a CSV or CSV.gz file")
    evaluate.add_argument("--user-column", metavar="U", default="user")
    evaluate.add_argument("--item-column", metavar="I", default="item")
    evaluate.add_argument("--rating-column", metavar="R", default="rating")
    evaluate.add_argument("--time-column", metavar="T")
    evaluate.add_argument("--scale", nargs=2, type=float, metavar=("LOW", "HIGH"), help="of own ratings, if not 0.5 5")
    evaluate.add_argument("--json", action="store_true", help="one JSON document on standard output")
    evaluate.add_argument("--keep", action="store_true", help="write the figures into data/reference_results.json")
    evaluate.set_defaults(run=evaluate_models)

    fetch = commands.add_parser("fetch", help="download real data: MovieLens ratings, or the plots of MPST")
    fetch.add_argument("dataset", choices=["movielens", "mpst"])
    fetch.set_defaults(run=fetch_dataset)

    benchmark = commands.add_parser("benchmark", help="the speed figures, as ratios within one run")
    benchmark.add_argument("--quick", action="store_true", help="smaller sizes and fewer rounds, under two minutes")
    benchmark.add_argument("--json", action="store_true", help="one JSON document on standard output")
    benchmark.add_argument("--keep", action="store_true", help="write the figures into data/reference_results.json")
    benchmark.set_defaults(run=run_benchmark)

    doctor = commands.add_parser("doctor", help="what is fine, what is not, and the command that mends it")
    doctor.add_argument("--json", action="store_true", help="one JSON document on standard output")
    doctor.set_defaults(run=run_doctor)
    return top


def whole_number(low: int, high: int | None = None):
    """Make an argparse type for whole numbers from `low` to `high`."""

    def convert(text: str) -> int:
        value = int(text)
        if value < low or (high is not None and value > high):
            raise argparse.ArgumentTypeError(f"{value} is not {f'from {low} to {high}' if high else f'{low} or more'}")
        return value

    convert.__name__ = "whole number"
    return convert


def catalogue_options(options) -> str | None:
    """Say what is wrong with the options that name another catalogue, if anything is."""
    needed = [options.title_column, options.text_column]
    others = [getattr(options, name, None) for name in ("genre_column", "year_column")]
    if options.csv and not all(needed):
        return "--csv needs --title-column and --text-column"
    if not options.csv and any(needed + others):
        return "the options that name columns go with --csv"
    return None


def recommend_titles(options) -> int:
    """Print the titles that are most like a title."""
    from helpers.data import load_movies
    from helpers.neighbors import TitleNotFoundError, find_similar_movies

    movies = load_movies(options.csv, options.title_column, options.text_column) if options.csv else load_movies()
    try:
        found = find_similar_movies(options.title, k=options.k, movies=movies)
    except TitleNotFoundError as error:
        if options.json:
            print(
                json.dumps(
                    {"query": options.title, "matched": None, "suggestions": error.suggestions}, ensure_ascii=False
                )
            )
        raise
    matched, neighbors = as_records(movies.loc[[found.attrs["matched"]]])[0], as_records(found)
    if options.json:
        print(json.dumps({"query": options.title, "matched": matched, "neighbors": neighbors}, ensure_ascii=False))
        return 0
    print(f"Most like {label(matched)}:")
    for neighbor in neighbors:
        print(f"  {neighbor['similarity']:.2f}  {label(neighbor)}")
    return 0


def as_records(films) -> list:
    """Turn rows of films into plain dictionaries: id, title, year and, where there is one, similarity."""
    records = []
    for identifier, film in films.iterrows():
        year = film.get("year")
        record = {
            "id": int(identifier),
            "title": film["title"],
            "year": None if year != year or year is None else int(year),
        }
        if "similarity" in film:
            record["similarity"] = round(float(film["similarity"]), 4)
        records.append(record)
    return records


def label(record: dict) -> str:
    """Title and year as shown to people."""
    return f"{record['title']} ({record['year']})" if record["year"] else record["title"]


def evaluate_models(options) -> int:
    """Print the scoreboard."""
    from helpers import scoreboard
    from helpers.data import read_ratings_csv

    ratings = options.ratings
    if options.csv:
        columns = [options.user_column, options.item_column, options.rating_column, options.time_column]
        ratings = read_ratings_csv(options.csv, *columns, scale=options.scale)
    every = scoreboard.WITHOUT_FILMS if options.csv else list(scoreboard.MODELS)
    names = options.models.split(",") if options.models else every
    unknown = [name for name in names if name not in every]
    if unknown:
        raise ValueError(f"there is no model '{unknown[0]}' for these ratings; choose from {', '.join(every)}.")
    task = scoreboard.Task(ratings, options.protocol, options.k, options.seed)
    document = scoreboard.as_document(task, dict(scoreboard.run(task, names)))
    if options.keep:
        scoreboard.keep(document)
    if options.json:
        print(json.dumps(document, ensure_ascii=False))
        return 0
    simulated = " (simulated viewers)" if task.name == "course" else ""
    print(f"Ratings: {task.name}{simulated}. {json.dumps(document['protocol'])}")
    print(scoreboard.as_table(document).round(3).to_string())
    return 0


def run_benchmark(options) -> int:
    """Print how long things take, and how many times as long other ways take."""
    from helpers import benchmark, results

    measured = list(benchmark.run(benchmark.QUICK if options.quick else benchmark.FULL))
    document = benchmark.as_document(measured, options.quick)
    if options.keep:
        results.keep(document, "benchmark")
    if options.json:
        print(json.dumps(document, ensure_ascii=False))
        return 0
    print(f"Machine: {json.dumps(document['machine'])}. Medians; 'takes' is the time by that of the course's way.")
    print(benchmark.as_table(document).to_string(na_rep="", float_format=lambda value: f"{value:,.3g}"))
    return 0


def fetch_dataset(options) -> int:
    """Download a data set and say where it is and how to load it."""
    from helpers.fetch import fetch

    path = fetch(options.dataset)
    use = 'load_ratings("movielens")' if options.dataset == "movielens" else 'load_movies("mpst")'
    print(f"{path} is whole. In a notebook: {use}")
    return 0


def run_doctor(options) -> int:
    """Print what is fine and what is not."""
    from helpers import doctor

    findings = doctor.examine()
    if options.json:
        print(json.dumps([finding._asdict() for finding in findings], ensure_ascii=False))
    else:
        doctor.show(findings)
    return 0 if all(finding.fine for finding in findings) else 1


def main(arguments=None) -> int:
    """Read the command line, see to the environment, run the command."""
    try:
        bootstrap.check_python()
    except bootstrap.SetupError as error:
        return fail(error)
    warnings.showwarning = lambda message, *_: print(message, file=sys.stderr)
    top = parser()
    options = top.parse_args(arguments)
    mistake = options.check(options) if hasattr(options, "check") else None
    if mistake:
        top.error(mistake)
    try:
        if options.run is run_doctor:
            other = bootstrap.existing_python()
        else:
            other = bootstrap.ensure(tests=options.run is launch.run_tests)
        if other:
            bootstrap.hand_over(other)
        return options.run(options)
    except (bootstrap.SetupError, ValueError, LookupError, OSError, ImportError) as error:
        return fail(error)
    except KeyboardInterrupt:
        return fail("interrupted; nothing was left half-written")


def fail(error) -> int:
    """Print one line on standard error and give exit status 1."""
    if os.environ.get("COURSE_DEBUG") and isinstance(error, BaseException):
        raise error
    message = error.args[0] if isinstance(error, KeyError) and error.args else error
    print(" ".join(str(message).split()), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
