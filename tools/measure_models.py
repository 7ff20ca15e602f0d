"""Measure on MovieLens what notebook 10 shows, and keep it: ``models_of_today`` in ``data/reference_results.json``.

    COURSE_DATA_DIR=FOLDER python tools/measure_models.py [order rerank] [towers transformer finetune]

The last three train networks for minutes. Every comparison is paired: the same viewers, and where chance takes part,
the same seeds or draws of hidden films.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.data import load_movies, load_ratings, load_vectors  # noqa: E402
from helpers.evaluation import bootstrap_interval, evaluate_users, results, split_cold, split_last  # noqa: E402
from helpers.recommenders import (  # noqa: E402
    ALS,
    EASE,
    ContentProfile,
    ContentToCF,
    ItemKNN,
    Random,
    Reranked,
    TwoTower,
)
from helpers.recommenders.neural import one_thread  # noqa: E402
from helpers.recommenders.spaces import tuned_models  # noqa: E402

SEEDS, DRAWS = range(5), range(3)  # of models; of shuffles, and of films that are hidden
DIGITS = 5
EPOCHS, BATCH, LEARNING_RATE, PAIRS, TOKENS, FROZEN = 1, 32, 5e-5, 1, 96, 4  # of the fine-tuning


def figure(each: pd.DataFrame | np.ndarray) -> dict:
    """Mean and interval over viewers and seeds of (n_seeds, n_viewers) figures, and the mean of each seed."""
    rows = np.atleast_2d(each)
    low, high = bootstrap_interval(rows)
    return {
        "mean": round(float(np.nanmean(rows)), DIGITS),
        "low": round(low, DIGITS),
        "high": round(high, DIGITS),
        "by seed": [round(float(np.nanmean(row)), DIGITS) for row in rows],
    }


def compare(each: dict[str, np.ndarray], base: str) -> dict:
    """Every model's figure, and how far it is from one of them, viewer by viewer."""
    return {
        name: figure(rows) | ({} if name == base else {f"minus {base}": figure(rows - each[base])})
        for name, rows in each.items()
    }


def warm(makers: dict, movies: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, np.ndarray]:
    """NDCG@10 of every viewer for several seeds, by name of a model: (n_seeds, n_viewers)."""
    return {
        name: np.array([evaluate_users(make(seed), train, test, 10, movies)["ndcg@10"] for seed in SEEDS])
        for name, make in tqdm(makers.items(), desc="Models")
    }


def cold(makers: dict, movies: pd.DataFrame, ratings: pd.DataFrame) -> dict[str, np.ndarray]:
    """Recall@20 among films without ratings, by draw and viewer of any draw: NaN where not judged."""
    found: dict[str, list] = {name: [] for name in makers}
    for draw in DRAWS:
        known, hidden = split_cold(ratings, seed=draw)
        where = ~movies.index.isin(known["movie_id"])
        for name, make in makers.items():
            found[name].append(evaluate_users(make(draw), known, hidden, 20, movies, where=where)["recall@20"])
    return {name: pd.concat(draws, axis=1).to_numpy().T for name, draws in found.items()}


def towers(movies: pd.DataFrame, ratings: pd.DataFrame) -> dict:
    """Two towers: which negatives, and text, id or both, on films with ratings and without."""
    settings = tuned_models()["two-tower"]().get_params(deep=False)
    make = lambda seed, **changed: TwoTower(**settings | {"seed": seed} | changed)  # noqa: E731
    negatives = {
        "all films": {},
        "in batch": {"negatives": "in-batch", "correct": False},
        "in batch, logQ": {"negatives": "in-batch"},
        "in batch, logQ, hard": {"negatives": "in-batch", "hard": 10},
    }
    inputs = {"text and id": {}, "text": {"own": False}, "id": {"text": False}}
    as_makers = lambda table: {name: partial(make, **changed) for name, changed in table.items()}  # noqa: E731
    known = warm(as_makers(negatives | {name: inputs[name] for name in ("text", "id")}), movies, *split_last(ratings))
    known["text and id"] = known["all films"]  # one model under two names
    return {
        "negatives": compare({name: known[name] for name in negatives}, "all films"),
        "inputs": compare({name: known[name] for name in inputs}, "text and id"),
        "inputs, cold": compare(cold(as_makers(inputs) | {"chance": Random}, movies, ratings), "text and id"),
    }


def order(movies: pd.DataFrame, ratings: pd.DataFrame, name: str = "markov-chain") -> dict:
    """A model on histories in their order, and on the same histories shuffled: what does order tell it?"""
    train, test = split_last(ratings)
    make = tuned_models()[name]
    found: dict[str, list] = {"in order": [], "shuffled": []}
    for seed in DRAWS:
        chance = np.random.default_rng(seed).permutation(len(train)).astype(float)
        for which, table in {"in order": train, "shuffled": train.assign(timestamp=chance)}.items():
            model = make() if name == "markov-chain" else make().set_params(seed=seed)
            found[which].append(evaluate_users(model, table, test, 10, movies)["ndcg@10"])
    return compare({which: np.array(rows) for which, rows in found.items()}, "shuffled")


def rerank(movies: pd.DataFrame, ratings: pd.DataFrame) -> dict:
    """Candidates of ALS, then sorted anew, against EASE, whose scores are a feature; recall of the candidates alone."""
    train, test = split_last(ratings)
    makers = {
        "als": lambda seed: ALS(seed=seed),
        "ease": lambda seed: EASE(),
        "reranked": lambda seed: Reranked(seed=seed),
        "reranked, als and popularity only": lambda seed: Reranked([ALS()], seed=seed),
    }
    depth = {
        str(k): round(float(evaluate_users(ALS(), train, test, k, movies)[f"recall@{k}"].mean()), 4)
        for k in (10, 50, 100, 200)
    }
    return {"lists": compare(warm(makers, movies, train, test), "ease"), "recall of candidates": depth}


def finetune(movies: pd.DataFrame, ratings: pd.DataFrame) -> dict:
    """The encoder trained on films that were liked together, judged on films without ratings, text only for all.

    Its rival is a ridge regression from the frozen vectors, which learns from the same likes in a second.
    """
    vectors = {draw: tuned_vectors(movies, split_cold(ratings, seed=draw)[0], draw) for draw in DRAWS}
    makers = {
        "chance": Random,
        "frozen": lambda draw: ContentProfile(load_vectors(movies)),
        "fine-tuned": lambda draw: ContentProfile(vectors[draw]),
        "frozen, mapped": lambda draw: ContentToCF(load_vectors(movies), seed=draw),
        "fine-tuned, mapped": lambda draw: ContentToCF(vectors[draw], seed=draw),
    }
    return {"cold": compare(cold(makers, movies, ratings), "frozen"), "epochs": EPOCHS, "pairs a film": PAIRS}


def tuned_vectors(movies: pd.DataFrame, known: pd.DataFrame, seed: int) -> np.ndarray:
    """Vectors of all synopses by an encoder that was trained on pairs of films with similar likes in `known`."""
    from helpers.encoding import load_encoder

    knn = ItemKNN().fit(known, movies)
    likes = pd.Series(knn.histories_.liked.sum(axis=0), knn.items_)
    pairs = np.array([(f, other) for f in likes.index[likes >= 10] for other in knn.similar(f, PAIRS).index])
    texts, rng = movies["synopsis"], np.random.default_rng(seed)
    with one_thread() as torch:
        torch.manual_seed(seed)
        encoder = load_encoder()
        encoder.max_seq_length = TOKENS
        layers = encoder[0].auto_model
        for part in [layers.embeddings, *layers.encoder.layer[:FROZEN]]:
            part.requires_grad_(False)
        trained = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATE)
        encoder.train()
        for _ in range(EPOCHS):
            for rows in np.array_split(rng.permutation(len(pairs)), len(pairs) // BATCH):
                left, right = (
                    torch.nn.functional.normalize(
                        encoder(encoder.preprocess(texts.loc[pairs[rows, side]].tolist()))["sentence_embedding"], dim=1
                    )
                    for side in (0, 1)
                )
                loss = torch.nn.functional.cross_entropy(20 * left @ right.T, torch.arange(len(rows)))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            print(f"draw {seed}: loss of the last batch {loss.item():.3f}", flush=True)
        encoder.eval()
        encoder.max_seq_length = 256
        rows = encoder.encode(texts.tolist(), normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(rows)


PARTS = {
    "order": order,
    "rerank": rerank,
    "towers": towers,
    "transformer": partial(order, name="sasrec"),
    "finetune": finetune,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(PARTS), choices=[*PARTS, []])
    movies, ratings = load_movies(), load_ratings("movielens")
    for name in parser.parse_args().parts:
        found = PARTS[name](movies, ratings)
        results.keep(found, "models_of_today", name)
        print(name, found, flush=True)


if __name__ == "__main__":
    main()
