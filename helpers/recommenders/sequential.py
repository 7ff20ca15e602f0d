"""Recommend what comes next: a Markov chain that counts, and SASRec, a small transformer. Both use the order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from helpers.recommenders.base import Histories, Recommender
from helpers.recommenders.neural import Network


@dataclass(repr=False, eq=False)
class MarkovChain(Recommender):
    """Count which films were liked soon after which, and recommend what followed the viewer's last likes.

    Parameters
    ----------
    window : int
        How many of the next likes count as following a like (one that is d places later counts 1/d), and how many of
        the viewer's last likes are used (with the same weights, the last one first).
    damping : float
        How many transitions are added to those of each film, spread over all films by their popularity.

    References
    ----------
    S. Rendle, C. Freudenthaler and L. Schmidt-Thieme (2010), Factorizing personalized Markov chains for next-basket
    recommendation, WWW, section 3; the window: M. Ludewig and D. Jannach (2018), Evaluation of session-based
    recommendation algorithms, UMUAI 28, section 3.
    """

    window: int = 10
    damping: float = 10.0

    def _learn(self, ratings: pd.DataFrame) -> None:
        counts = np.zeros((len(self.items_), len(self.items_)), dtype=np.float32)
        rows = self.histories_.sequences(int(self.histories_.liked.sum(axis=1).max(initial=1)))
        for distance in range(1, self.window + 1):
            before, after = rows[:, :-distance], rows[:, distance:]
            both = (before >= 0) & (after >= 0)
            np.add.at(counts, (before[both], after[both]), 1 / distance)
        popularity = self.histories_.liked.sum(axis=0)
        popularity = popularity / max(popularity.sum(), 1)
        total = counts.sum(axis=1, keepdims=True) + self.damping
        self.chances_ = self.film_vectors_ = (counts + self.damping * popularity) / np.where(total > 0, total, 1)

    def _scores(self, histories: Histories) -> np.ndarray:
        last = histories.sequences(self.window)
        scores = np.zeros(histories.stars.shape)
        for ago in range(1, self.window + 1):
            films = last[:, -ago]
            scores += np.where(films[:, None] >= 0, self.chances_[films], self.chances_.mean(axis=0)) / ago
        return scores


@dataclass(repr=False, eq=False, kw_only=True)
class SASRec(Network):
    """Self-attentive sequential recommendation: a small transformer reads the likes in order and guesses the next.

    Each place of a sequence looks at itself and back, and is trained to score the film that came next above all others
    (softmax over the catalog, where the paper samples a single negative).

    Parameters
    ----------
    length : int
        How many of a viewer's last likes are read.
    layers : int
        Blocks of attention and perceptron.
    dropout : float
        Share of the numbers that are set to 0 during training.
    dimensions, epochs, learning_rate, seed
        As for `Network`.

    References
    ----------
    W.-C. Kang and J. McAuley (2018), Self-attentive sequential recommendation, ICDM, section 3. Softmax over all films:
    A. Klenitskiy and A. Vasilev (2023), Turning dross into gold loss, RecSys.
    """

    NET: ClassVar = "Transformer"
    BATCH: ClassVar = 64  # viewers
    PATIENCE: ClassVar = 4

    length: int = 30
    layers: int = 1
    dropout: float = 0.4
    learning_rate: float = 0.005

    def _hold_out(self, histories: Histories, rng: np.random.Generator) -> np.ndarray:
        """The last like of everybody who has two."""
        last = histories.sequences(2)
        rows = np.flatnonzero(last[:, 0] >= 0)
        return np.column_stack([rows, last[rows, 1]])

    def _examples(self, known: Histories) -> np.ndarray:
        """Sequences (n, length + 1) of films; a long one gives several."""
        rows = known.sequences(int(known.liked.sum(axis=1).max(initial=1)) + self.length)
        found = [rows[:, stop - self.length - 1 : stop] for stop in range(rows.shape[1], self.length, -self.length)]
        examples = np.vstack(found) if found else rows[:0]
        return examples[(examples >= 0).sum(axis=1) >= 2]

    def _inputs(self, histories: Histories) -> np.ndarray:
        return histories.sequences(self.length)
