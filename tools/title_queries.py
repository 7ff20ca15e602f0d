"""Make queries as people type them, to measure `helpers.titles.TitleLookup`: each is a title with one thing gone wrong.

    python tools/title_queries.py FILE.csv --title-column title

prints top-1 and top-5 of the lookup, and its speed against a plain scan with Levenshtein's distance.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import time
from pathlib import Path

import pandas as pd
from rapidfuzz.distance import Levenshtein

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.titles import TitleLookup, normalize_title  # noqa: E402

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def plain(title: str) -> str:
    """A title as one says it: no year, no alternative in brackets, the article in front, lower case."""
    title = re.sub(r"\s*\([^)]*\)", "", title).strip()
    title = re.sub(r"^(.*), (The|A|An)$", r"\2 \1", title)
    return title.lower()


def typo(text: str, rng: random.Random) -> str:
    """Drop, double, replace or swap one or two letters, not the first."""
    for _ in range(1 + (len(text) > 8 and rng.random() < 0.5)):
        place = rng.randrange(1, max(2, len(text) - 1))
        change = rng.choice(["drop", "double", "replace", "swap"])
        middle = {
            "drop": "",
            "double": text[place] * 2,
            "replace": rng.choice(LETTERS),
            "swap": text[place + 1 : place + 2] + text[place],
        }[change]
        text = text[:place] + middle + text[place + (2 if change == "swap" else 1) :]
    return text


def without_article(text: str, rng: random.Random) -> str | None:
    """Leave the first article out, and mistype a letter."""
    match = re.match(r"(the|a|an) (.{5,})", text)
    return typo(match.group(2), rng) if match else None


def without_subtitle(text: str, rng: random.Random) -> str | None:
    """Keep what stands before the colon."""
    head, colon, _ = text.partition(":")
    return head if colon and len(head) > 4 else None


def other_order(text: str, rng: random.Random) -> str | None:
    """Put the last word first."""
    words = text.split()
    return " ".join(words[-1:] + words[:-1]) if len(words) > 1 else None


def prefix(text: str, rng: random.Random) -> str | None:
    """Keep the first two thirds, as while typing."""
    return text[: max(6, len(text) * 2 // 3)] if len(text) > 9 else None


def dropped_word(text: str, rng: random.Random) -> str | None:
    """Forget one word of at least four."""
    words = text.split()
    if len(words) < 4:
        return None
    words.pop(rng.randrange(1, len(words)))
    return " ".join(words)


MISTAKES = [lambda text, rng: typo(text, rng), without_article, without_subtitle, other_order, prefix, dropped_word]


def make_queries(titles: pd.Series, n: int = 524, seed: int = 20) -> list[tuple[str, set]]:
    """Make `n` queries with the ids that answer them.

    A query that fits several titles to the letter (the part before the colon of a series) is answered by any of them.
    """
    rng = random.Random(seed)
    spoken = {identifier: plain(title) for identifier, title in titles.items()}
    normal = pd.Series({identifier: normalize_title(text) for identifier, text in spoken.items()})
    queries = []
    while len(queries) < n:
        mistake = MISTAKES[len(queries) % len(MISTAKES)]
        identifier = rng.choice(titles.index)
        query = mistake(spoken[identifier], rng) if len(spoken[identifier]) >= 5 else None
        if not query:
            continue
        key = normalize_title(query)
        same = set(normal.index[normal == normal[identifier]])
        if mistake in (without_subtitle, prefix):
            same |= set(normal.index[normal.str.startswith(key)])
        queries.append((query, same))
    return queries


def accuracy(lookup: TitleLookup, queries: list[tuple[str, set]]) -> tuple[float, float]:
    """Share of the queries answered at rank 1, and within the first 5."""
    ranks = [[match.id in answers for match in lookup.suggest(query, 5)] for query, answers in queries]
    return sum(rank[:1] == [True] for rank in ranks) / len(ranks), sum(any(rank) for rank in ranks) / len(ranks)


def scan(titles: list[str], query: str) -> str:
    """Find the closest title as the tutorial does: one distance after the other, in a Python loop."""
    return min(titles, key=lambda title: Levenshtein.distance(query, title))


def speed_ratio(lookup: TitleLookup, titles: list[str], queries: list[str]) -> float:
    """How many times faster than the scan the lookup is: the median over queries timed in turn."""
    ratios = []
    for query in queries:
        begin = time.perf_counter()
        scan(titles, query)
        middle = time.perf_counter()
        lookup.closest(query)
        ratios.append((middle - begin) / (time.perf_counter() - middle))
    return statistics.median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("csv", type=Path)
    parser.add_argument("--title-column", default="title")
    options = parser.parse_args()
    titles = pd.read_csv(options.csv)[options.title_column]
    lookup, queries = TitleLookup(titles), make_queries(titles)
    top1, top5 = accuracy(lookup, queries)
    ratio = speed_ratio(lookup, titles.tolist(), [query for query, _ in queries[:100]])
    print(
        f"{len(titles)} titles, {len(queries)} queries: top-1 {top1:.3f}, top-5 {top5:.3f}, {ratio:.1f} times the scan"
    )


if __name__ == "__main__":
    main()
