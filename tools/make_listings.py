"""Make data/listings_raw.csv and data/duplicates.csv from data/movies.csv and tools/listings_by_hand.csv.

    python tools/make_listings.py [FOLDER]

Every film is listed once as it is; some are listed again, by hand (real other titles, other words) or by one of the
rules below. Cells go missing, rows are shuffled and numbered. The seed is fixed: the same input gives the same bytes.
"""

from __future__ import annotations

import csv
import html
import random
import re
import sys
import unicodedata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from helpers.data import DATA_DIR, LISTING_COLUMNS, TRUTH_COLUMNS, write_whole  # noqa: E402

SEED = 1895
SUPPLIERS = ["Northlight", "Kiosk 24", "Reel & Sons", "Lanterna"]
MADE_BY_RULE = 1 / 25  # films that get a second listing by rule
MISSING = {"year": 0.02, "genres": 0.05, "director": 0.04, "cast": 0.05}  # share of cells lost in first listings
MISSING_BY_RULE = {"year": 0.15, "genres": 0.3, "director": 0.3, "cast": 0.4, "synopsis": 0.3}


def typo(title: str, rng: random.Random) -> str:
    """Swap two neighboring letters, not the first of the title."""
    places = [i for i in range(1, len(title) - 1) if title[i : i + 2].isalpha() and title[i] != title[i + 1]]
    place = rng.choice(places or [0])
    return title[:place] + title[place : place + 2][::-1] + title[place + 2 :]


def capitals(title: str, rng: random.Random) -> str:
    """Shout."""
    return title.upper()


def spacing(title: str, rng: random.Random) -> str:
    """Double the spaces and add one at the end."""
    return title.replace(" ", "  ") + " "


def no_accents(title: str, rng: random.Random) -> str:
    """Lose accents and typographic signs, as old systems do."""
    letters = unicodedata.normalize("NFKD", title.replace("·", "-"))
    return (
        letters.encode("ascii", "ignore").decode()
        if letters.encode("ascii", "ignore").decode() != title
        else title.lower()
    )


def entities(title: str, rng: random.Random) -> str:
    """Leave HTML entities in."""
    escaped = html.escape(title, quote=True).encode("ascii", "xmlcharrefreplace").decode()
    return escaped if escaped != title else title.replace(" ", "&nbsp;", 1)


def with_year(title: str, rng: random.Random, year: str = "") -> str:
    """Put the year into the title."""
    return f"{title} ({year})"


RULES = [typo, capitals, spacing, no_accents, entities, with_year]


def read_rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lose_cells(listing: dict, shares: dict, rng: random.Random) -> dict:
    """Empty each cell with the probability of its column."""
    return {name: "" if rng.random() < shares.get(name, 0) else value for name, value in listing.items()}


def by_rule(film: dict, rng: random.Random) -> dict:
    """List a film again: one rule on the title, the first sentence of the synopsis, more cells lost."""
    rule = rng.choice(RULES)
    title = rule(film["title"], rng, film["year"]) if rule is with_year else rule(film["title"], rng)
    first = re.split(r"(?<=[a-z][.!?])\s", film["synopsis"], maxsplit=1)[0]
    return lose_cells(dict(film, title=title, synopsis=first), MISSING_BY_RULE, rng)


def make_listings(films: list[dict], by_hand: list[dict]) -> tuple[list[dict], list[dict]]:
    """Return the rows of the two files."""
    rng = random.Random(SEED)
    listed = [lose_cells(film, MISSING, rng) for film in films]
    again = [by_rule(film, rng) for film in rng.sample(films, round(len(films) * MADE_BY_RULE))]
    rows = listed + by_hand + again
    rng.shuffle(rows)
    listings, truth = [], []
    for number, row in enumerate(rows, start=1):
        listing = {name: row.get(name, "") for name in LISTING_COLUMNS}
        listings.append(dict(listing, listing_id=number, source=rng.choice(SUPPLIERS)))
        truth.append({"listing_id": number, "movie_id": row["movie_id"]})
    return listings, truth


def write_rows(path: Path, columns: list[str], rows: list[dict]) -> None:
    with write_whole(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA_DIR
    listings, truth = make_listings(
        read_rows(DATA_DIR / "movies.csv"), read_rows(ROOT / "tools" / "listings_by_hand.csv")
    )
    write_rows(folder / "listings_raw.csv", LISTING_COLUMNS, listings)
    write_rows(folder / "duplicates.csv", TRUTH_COLUMNS, truth)


if __name__ == "__main__":
    main()
