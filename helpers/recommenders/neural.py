"""Recommend by small networks: BPR, neural collaborative filtering, and two towers. `networks` holds their PyTorch.

In all three, a viewer's vector is the sum of the vectors of what they liked, divided by the square root of their
number, as in NSVD (Paterek, 2007), so that a new viewer needs no training. When a like is trained on, that film is left
out of the sum; otherwise the network would only learn to recognize it. Training stops when the lists for held-out likes
get no better.

All numbers have 64 bits. Processors round 32-bit numbers differently, and training amplifies this so much that the
lists would differ, too.

A. Paterek (2007), Improving regularized singular value decomposition for collaborative filtering, KDD Cup.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from helpers.data import load_vectors
from helpers.recommenders.base import Histories, Recommender
from helpers.recommenders.content import Vectors

HELD_OUT = 0.1  # of all likes, for early stopping
JUDGED_AT = 10


@contextlib.contextmanager
def one_thread() -> Iterator[Any]:
    """Return torch, held to one thread: these networks are too small for more, and waiting threads cost minutes."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield torch
    finally:
        torch.set_num_threads(threads)


@dataclass(repr=False, eq=False, kw_only=True)
class Network(Recommender):
    """Training shared by the networks.

    Parameters
    ----------
    dimensions : int
        How many numbers a vector has.
    epochs, learning_rate : int, float
        For AdamW. `epochs` is the most; training may stop early, as the module's docstring says.
    seed : int
        For the weights, the order of the likes, and the negatives.
    """

    NET: ClassVar[str]  # its class in `helpers.recommenders.networks`, made from the model
    BATCH: ClassVar = 1024
    PATIENCE: ClassVar = 3  # epochs without a better list

    dimensions: int = 32
    epochs: int = 40
    learning_rate: float = 0.01
    seed: int = 0

    def _learn(self, ratings: pd.DataFrame) -> None:
        with one_thread() as torch:
            from helpers.recommenders import networks

            torch.manual_seed(self.seed)
            rng = np.random.default_rng(self.seed)
            held = self._hold_out(self.histories_, rng)
            known = self.histories_.without(held)
            self.net_ = getattr(networks, self.NET)(self).double()
            optimizer = torch.optim.AdamW(self.net_.parameters(), lr=self.learning_rate, weight_decay=1e-4)
            inputs, examples = torch.from_numpy(self._inputs(known)), self._examples(known)
            best, waited, kept = -1.0, 0, self.net_.state_dict()
            self.epochs_run_ = 0
            while self.epochs_run_ < self.epochs and waited < self.PATIENCE and len(examples):
                self.net_.train()
                for rows in np.array_split(rng.permutation(len(examples)), max(1, len(examples) // self.BATCH)):
                    optimizer.zero_grad()
                    self.net_.loss(inputs, torch.from_numpy(examples[rows]), rng).backward()
                    optimizer.step()
                self.epochs_run_ += 1
                quality = self._hits(known, held)
                waited += 1
                if quality > best:
                    best, waited, kept = quality, 0, copy.deepcopy(self.net_.state_dict())
            self.net_.load_state_dict(kept)

    def _hold_out(self, histories: Histories, rng: np.random.Generator) -> np.ndarray:
        """The (n, 2) pairs of row and column that say when to stop: likes at random."""
        pairs = np.argwhere(histories.liked)
        return pairs[rng.random(len(pairs)) < HELD_OUT]

    def _examples(self, known: Histories) -> np.ndarray:
        """What is shuffled and cut into batches: the (n, 2) likes."""
        return np.argwhere(known.liked)

    def _hits(self, known: Histories, held: np.ndarray) -> float:
        """Share of the held-out likes that stand among the first ten of their viewer."""
        if not len(held):
            return 0.0
        scores = np.where(known.liked > 0, -np.inf, self._scores(known))
        last = min(JUDGED_AT, scores.shape[1]) - 1
        edge = -np.partition(-scores, last, axis=1)[:, last]
        return float((scores[held[:, 0], held[:, 1]] >= edge[held[:, 0]]).mean())

    def _scores(self, histories: Histories) -> np.ndarray:
        self.net_.eval()
        with one_thread() as torch, torch.no_grad():
            return self.net_.all_scores(torch.from_numpy(self._inputs(histories))).numpy()

    def _inputs(self, histories: Histories) -> np.ndarray:
        """What the network sees of each history: the likes."""
        return histories.liked.astype(np.float64)

    def _film_vectors(self) -> np.ndarray:
        self.net_.eval()
        return self.net_.film_vectors().detach().numpy()


@dataclass(repr=False, eq=False, kw_only=True)
class BPR(Network):
    """Bayesian personalized ranking: vectors and biases, learned so that liked films score above the others.

    Parameters
    ----------
    dimensions, epochs, learning_rate, seed
        As for `Network`.
    regularization : float
        Weight of the squared length of the vectors of a pair.

    References
    ----------
    S. Rendle et al. (2009), BPR: Bayesian personalized ranking from implicit feedback, UAI, section 4. There a viewer
    is an id; here, their likes.
    """

    NET: ClassVar = "Factors"

    regularization: float = 0.01
    epochs: int = 60
    learning_rate: float = 0.005


class NeuralCF(Network):
    """Neural collaborative filtering: a product and a perceptron of viewer and film, joined (NeuMF).

    Parameters
    ----------
    dimensions, epochs, learning_rate, seed
        As for `Network`; each of the two parts has vectors of its own.

    References
    ----------
    X. He et al. (2017), Neural collaborative filtering, WWW, section 3.4. There a viewer is an id; here, their likes.
    """

    NET: ClassVar = "NeuMF"


@dataclass(repr=False, eq=False)
class TwoTower(Network):
    """Two towers: a film's vector is its mapped text plus a vector of its own; a viewer's is the sum over their likes.

    A film without likes has its mapped text alone. Training teaches it to tell a like from other films (softmax).

    Parameters
    ----------
    vectors : numpy.ndarray or callable, optional
        As for `helpers.recommenders.ContentProfile`.
    text, own : bool
        Whether films have the mapped text, and a vector of their own (by id).
    negatives : {"all", "in-batch"}
        Which other films: all, which a catalog of thousands allows, or the films of the same batch, which one of
        millions demands.
    correct : bool
        With in-batch negatives, whether to subtract the logarithm of the film's share of the likes from each score
        (logQ). Popular films are in most batches, and would be pushed down for that alone.
    hard : int
        With in-batch negatives, how many films to add that the network scores highest but the viewer did not like.
    dimensions, epochs, learning_rate, seed
        As for `Network`.

    References
    ----------
    P. Covington, J. Adams and E. Sargin (2016), Deep neural networks for YouTube recommendations, RecSys, section 3.
    X. Yi et al. (2019), Sampling-bias-corrected neural modeling for large corpus item recommendations, RecSys, section
    3 (logQ). J.-T. Huang et al. (2020), Embedding-based retrieval in Facebook search, KDD, section 6.1 (hard
    negatives).
    """

    NET: ClassVar = "Towers"

    vectors: Vectors = load_vectors
    _: KW_ONLY
    text: bool = True
    own: bool = True
    negatives: str = "all"
    correct: bool = True
    hard: int = 0
    dimensions: int = 48
