"""Measure which encoder finds neighbors in other languages: the English one, spelling alone, or both side by side.

    apt-get update -o Dir::State::lists=LISTS -o Acquire::Languages=en,de,fr,it,es,pt,da,sk,pl,cs,ru,uk,zh_CN,ja,ko
    apt-get download wesnoth-1.16-data && dpkg-deb -x wesnoth-1.16-data_*.deb GAME
    python tools/measure_languages.py --debian LISTS --game GAME/usr/share/games/wesnoth/1.16 --films [--keep]

Two collections that people have translated, of which nothing is copied into the course: Debian's descriptions of
packages, with Debtags, and descriptions of the units of The Battle for Wesnoth, with their races; and the course's own
films, with their tags. One judge asks what share of their tags neighbors have in common; the other, how many of five
neighbors the English encoder also finds for the English originals, which favors that encoder.

*mixed* is one catalog in which each text is in one of six languages, drawn at random. *control* has vectors of the
spelling of other texts beside the model's: as many numbers, without content. Printed only: *half* and *double*, weights
of the spelling in the cosine by that of the model, and *centered*, with the mean taken from the model's vectors.
"""

from __future__ import annotations

import argparse
import gettext
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.data import load_movies  # noqa: E402
from helpers.encoding import encode  # noqa: E402
from helpers.evaluation import results  # noqa: E402
from helpers.search import NeighborIndex, tag_overlaps  # noqa: E402

CHARACTERS = 500  # of a text
NEIGHBORS = 5
FEWEST_TAGS = 3  # of a package
MIXED = {"mixed": ["de", "fr", "ru", "ja", "pl", "it"], "mixed, with English": ["en", "de", "fr", "es", "it", "pl"]}
PRINTED = ("half", "double", "centered")
WEIGHTS = {"pair": 1.0, "half": 0.5, "double": 2.0}  # of the spelling


def stanzas(path: Path) -> Iterator[dict[str, str]]:
    """Records of a list of Debian's, whose lines may go on."""
    text = subprocess.run(["lz4", "-dc", path], capture_output=True, check=True).stdout.decode()
    for record in re.sub(r"\n[ \t]", "\n\t", text).split("\n\n"):
        fields = re.sub(r"\n\t\.?", "\v", record).split("\n")
        yield {name: value.strip() for name, _, value in (field.partition(":") for field in fields)}


def debian(lists: Path) -> pd.DataFrame:
    """Descriptions of packages: name, language, text, tags."""
    packages = max(lists.glob("*_main_binary-*_Packages.lz4"), key=lambda path: path.stat().st_size)  # not the updates
    tags = {
        found["Package"]: "|".join(kinds)
        for found in stanzas(packages)
        if len(kinds := re.findall(r"[^\s,]+::[^\s,]+", found.get("Tag", ""))) >= FEWEST_TAGS
    }
    rows = []
    for path in lists.glob(f"{packages.name.partition('binary')[0]}i18n_Translation-*.lz4"):
        language = path.stem.partition("Translation-")[2].replace("%5f", "_")
        for found in stanzas(path):
            if found.get("Package") in tags and (text := found.get(f"Description-{language}")):
                rows.append((found["Package"], language, text.replace("\v", " "), tags[found["Package"]]))
    return table_of(rows)


def game(folder: Path) -> pd.DataFrame:
    """Descriptions of a game's units: name, language, text, and their race as the tag."""
    units = []
    for path in sorted(folder.glob("data/core/units/**/*.cfg")):
        text = path.read_text(encoding="utf-8")
        race, said = re.search(r"^\s*race=(\w+)", text, re.M), re.search(r'\bdescription=\s*_\s*"((?:[^"]|"")*)"', text)
        if race and said and len(said[1]) > 60:
            units.append((path.stem, said[1].replace('""', '"'), race[1]))
    rows = [(name, "en", text, race) for name, text, race in units]
    for path in sorted(folder.glob("locale/*/LC_MESSAGES/wesnoth-units.mo")):
        with path.open("rb") as file:
            translate = gettext.GNUTranslations(file).gettext
        rows += [(name, path.parts[-3], said, race) for name, text, race in units if (said := translate(text)) != text]
    return table_of(rows)


def table_of(rows: list[tuple]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["name", "language", "text", "tags"])
    table["text"] = table["text"].str[:CHARACTERS]
    return table.drop_duplicates(["name", "language"]).drop_duplicates(["language", "text"])


def spaces(texts: list[str], model: np.ndarray) -> dict[str, np.ndarray]:
    """Vectors of texts by each way, given the model's; see above."""
    spelling = encode(texts, "tfidf", cache=False)
    found = {"MiniLM": model, "tfidf": spelling}
    found |= {name: np.hstack([model, weight**0.5 * spelling]) for name, weight in WEIGHTS.items()}
    found["centered"] = np.hstack([unit(model - model.mean(axis=0)), spelling])
    shuffled = np.random.default_rng(0).permutation(len(texts))
    return {name: unit(rows) for name, rows in (found | {"control": np.hstack([model, spelling[shuffled]])}).items()}


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def encoded(texts: pd.Series) -> pd.Series:
    """Vectors by text, of the course's encoder; all in one go, which is faster."""
    texts = texts.drop_duplicates()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the encoder is of another language is what is measured
        return pd.Series(list(encode(texts.tolist())), index=texts)


def nearest(vectors: np.ndarray) -> np.ndarray:
    """Places of the neighbors of each text, (n_texts, NEIGHBORS)."""
    return NeighborIndex(vectors).search(vectors, NEIGHBORS + 1)[0][:, 1:]


def judged(table: pd.DataFrame, vectors: pd.Series, originals: pd.Series | None = None) -> dict:
    """Judge all ways on one catalog: MiniLM's mean, and of each other its gain with a 95% interval over texts."""
    ways = spaces(table["text"].tolist(), np.stack(vectors[table["text"]]))
    judges = {"tags": {way: tag_overlaps(vectors, table, NEIGHBORS) for way, vectors in ways.items()}}
    if originals is not None:
        english = nearest(np.stack(vectors[originals[table["name"]]]))
        judges["originals"] = {
            way: (nearest(vectors)[:, :, None] == english[:, None]).any(axis=2).mean(axis=1)
            for way, vectors in ways.items()
        }
    found: dict = {"texts": len(table)}
    for judge, scores in judges.items():
        base = scores.pop("MiniLM")
        gains = {way: values - base for way, values in scores.items()}
        gains["pair over tfidf"] = scores["pair"] - scores["tfidf"]
        found[judge] = {"MiniLM": round(float(base.mean()), 4)} | {way: interval(gain) for way, gain in gains.items()}
    languages = table["language"].to_numpy()
    if len(set(languages)) > 1:
        found["neighbors in another language"] = {
            way: round(float((languages[nearest(ways[way])] != languages[:, None]).mean()), 4)
            for way in ("MiniLM", "tfidf", "pair")
        }
    return found


def interval(gain: np.ndarray) -> list[float]:
    """Mean and 95% interval (normal approximation)."""
    half = 1.96 * gain.std() / len(gain) ** 0.5
    return [round(float(value), 4) for value in (gain.mean(), gain.mean() - half, gain.mean() + half)]


def measure(table: pd.DataFrame, most: int) -> dict:
    """Judge every language that has `most` texts, or about as many as English, and mixed catalogs."""
    originals = table[table["language"] == "en"].set_index("name")["text"]
    names = originals.index.to_series().sample(frac=1, random_state=0)  # all languages begin with the same ones
    table = table[table["name"].isin(names)].sort_values("name", key=lambda some: some.map(names.index.get_loc))
    least = min(most, int(0.9 * len(originals)))
    catalogs = {language: some.head(most) for language, some in table.groupby("language") if len(some) >= least}
    for name, languages in MIXED.items():
        some = pd.concat(catalogs[language] for language in languages).sample(frac=1, random_state=0)
        catalogs[name] = some.drop_duplicates("name").groupby("language").head(most // len(languages))
    every = pd.concat(catalogs.values())
    vectors = encoded(pd.concat([every["text"], originals[every["name"].unique()]]))
    found = {}
    for name, some in catalogs.items():
        found[name] = judged(some, vectors, originals)
        print(name, found[name], flush=True)
    return found


def without_variants(judges: dict) -> dict:
    """Leave out the ways that are only printed."""
    return {
        judge: {way: value for way, value in found.items() if way not in PRINTED} if isinstance(found, dict) else found
        for judge, found in judges.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--debian", type=Path, help="folder of apt's lists")
    parser.add_argument("--game", type=Path, help="folder of the game's data")
    parser.add_argument("--films", action="store_true", help="the course's own")
    parser.add_argument("--texts", type=int, default=300, help="of a language, at most (default: 300)")
    parser.add_argument("--keep", action="store_true", help="store the results with the course")
    options = parser.parse_args()
    films = load_movies().rename(columns={"synopsis": "text"}).assign(language="en")
    collections = {
        "game": lambda: measure(game(options.game), options.texts),
        "debian": lambda: measure(debian(options.debian), options.texts),
        "films": lambda: {"en": judged(films, encoded(films["text"]))},
    }
    for name, work in collections.items():
        if getattr(options, name):
            found = work()
            if options.keep:
                results.keep(
                    {"catalogs": {one: without_variants(judges) for one, judges in found.items()}}, "languages", name
                )


if __name__ == "__main__":
    main()
