"""Recommend by small networks, in PyTorch: BPR, neural collaborative filtering, and two towers.

In all, a viewer is the sum of the vectors of what they liked, divided by the root of their number, as in NSVD
(Paterek, 2007): so that a new viewer needs no training. While training on a like, that film is left out of the sum;
otherwise the network would only learn to recognize it. Training stops when the lists for held-out likes get no better.

All numbers have 64 bits: how 32 bits are rounded differs from one kind of processor to the next, and training makes so
much of it that the lists would differ, too.

A. Paterek (2007), Improving regularized singular value decomposition for collaborative filtering, KDD Cup.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from helpers.data import load_vectors
from helpers.recommenders.base import Histories, Recommender
from helpers.recommenders.content import Vectors, film_vectors

HELD_OUT = 0.1  # of all likes, for early stopping
JUDGED_AT = 10


@contextlib.contextmanager
def one_thread() -> Iterator[Any]:
    """Give torch, held to one thread: these networks are too small for more, and threads that wait cost minutes."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield torch
    finally:
        torch.set_num_threads(threads)


class Network(Recommender):
    """Training shared by the networks; a subclass builds `_build` and says what a batch costs in `_loss`."""

    BATCH = 1024
    PATIENCE = 3  # epochs without a better list

    dimensions: int
    epochs: int
    learning_rate: float
    seed: int

    def _learn(self, ratings: pd.DataFrame) -> None:
        with one_thread() as torch:
            torch.manual_seed(self.seed)
            rng = np.random.default_rng(self.seed)
            held = self._hold_out(self.histories_, rng)
            known = self.histories_.without(held)
            self.net_ = self._build(torch).double()
            optimizer = torch.optim.AdamW(self.net_.parameters(), lr=self.learning_rate, weight_decay=1e-4)
            examples = self._examples(known)
            best, waited, kept = -1.0, 0, None
            self.epochs_run_ = 0
            while self.epochs_run_ < self.epochs and waited < self.PATIENCE and len(examples):
                self.net_.train()
                for rows in np.array_split(rng.permutation(len(examples)), max(1, len(examples) // self.BATCH)):
                    optimizer.zero_grad()
                    self._loss(torch, known, examples[rows], rng).backward()
                    optimizer.step()
                self.epochs_run_ += 1
                quality = self._hits(known, held)
                waited += 1
                if quality > best:
                    best, waited, kept = quality, 0, copy.deepcopy(self.net_.state_dict())
            if kept is not None:
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

    def _build(self, torch: Any) -> Any:
        raise NotImplementedError

    def _loss(self, torch: Any, known: Histories, examples: np.ndarray, rng: np.random.Generator) -> Any:
        raise NotImplementedError


class BPR(Network):
    """Bayesian personalized ranking: vectors and biases, learned so that a liked film scores above one that is not.

    Parameters
    ----------
    dimensions : int
        Of the vectors.
    regularization : float
        Weight of the squared vectors of a pair.
    epochs : int
        At most so many; see the module on early stopping.
    learning_rate : float
        Of AdamW.
    seed : int
        Of weights, order and negatives.

    References
    ----------
    S. Rendle et al. (2009), BPR: Bayesian personalized ranking from implicit feedback, UAI, section 4. There a viewer
    is an id; here, their likes.
    """

    def __init__(
        self,
        dimensions: int = 32,
        regularization: float = 0.01,
        epochs: int = 60,
        learning_rate: float = 0.005,
        seed: int = 0,
    ):
        self.dimensions, self.regularization, self.epochs = dimensions, regularization, epochs
        self.learning_rate, self.seed = learning_rate, seed

    def _build(self, torch: Any) -> Any:
        return _make_factors(torch, len(self.items_), self.dimensions)

    def _loss(self, torch: Any, known: Histories, examples: np.ndarray, rng: np.random.Generator) -> Any:
        negatives = not_liked(known, examples[:, 0], rng)
        films = torch.from_numpy(np.column_stack([examples[:, 1], negatives]))
        scores, size = self.net_(torch.from_numpy(self._inputs(known)), torch.from_numpy(examples[:, 0]), films)
        return -torch.nn.functional.logsigmoid(scores[:, 0] - scores[:, 1]).mean() + self.regularization * size


class NeuralCF(Network):
    """Neural collaborative filtering: a product and a perceptron of viewer and film, joined (NeuMF).

    Parameters
    ----------
    dimensions : int
        Of the vectors in each of the two parts.
    epochs, learning_rate, seed
        As for `BPR`.

    References
    ----------
    X. He et al. (2017), Neural collaborative filtering, WWW, section 3.4. There a viewer is an id; here, their likes.
    """

    NEGATIVES = 4  # films that were not liked, drawn anew for every like

    def __init__(self, dimensions: int = 32, epochs: int = 40, learning_rate: float = 0.01, seed: int = 0):
        self.dimensions, self.epochs, self.learning_rate, self.seed = dimensions, epochs, learning_rate, seed

    def _build(self, torch: Any) -> Any:
        return _make_neumf(torch, len(self.items_), self.dimensions)

    def _loss(self, torch: Any, known: Histories, examples: np.ndarray, rng: np.random.Generator) -> Any:
        history = torch.from_numpy(self._inputs(known))
        users = np.repeat(examples[:, 0], 1 + self.NEGATIVES)
        films = rng.integers(len(self.items_), size=(len(examples), 1 + self.NEGATIVES))
        films[:, 0] = examples[:, 1]
        targets = (history[users, films.ravel()] > 0).double()
        output = self.net_(history, torch.from_numpy(users), torch.from_numpy(films.ravel()), targets)
        return torch.nn.functional.binary_cross_entropy_with_logits(output, targets)


class TwoTower(Network):
    """Two towers: a film is its text, mapped, plus a vector of its own; a viewer is the sum of what they liked.

    A film without likes is its text alone. Trained to tell the next like from other films (softmax).

    Parameters
    ----------
    vectors : numpy.ndarray or callable, optional
        As for `helpers.recommenders.ContentProfile`.
    text, own : bool
        Whether films have the mapped text, and a vector of their own (by id).
    negatives : {"all", "in-batch"}
        Which other films: all, as a catalogue of thousands allows; or the films of the same batch, as one of millions
        demands.
    correct : bool
        With in-batch negatives, subtract from each score the logarithm of the film's share of the likes (logQ):
        popular films are in most batches, and would be pushed down for that alone.
    hard : int
        With in-batch negatives, so many of the films that the network itself scores highest, without a like, as well.
    dimensions, epochs, learning_rate, seed
        As for `BPR`.

    References
    ----------
    P. Covington, J. Adams and E. Sargin (2016), Deep neural networks for YouTube recommendations, RecSys, section 3.
    X. Yi et al. (2019), Sampling-bias-corrected neural modeling for large corpus item recommendations, RecSys, section
    3 (logQ). J.-T. Huang et al. (2020), Embedding-based retrieval in Facebook search, KDD, section 6.1 (hard
    negatives).
    """

    OWN_VECTOR_DROPPED = 0.3  # share of films that train as if nobody knew them, so that the text learns to do without
    SHARPNESS = 10.0  # of the softmax over cosines

    def __init__(
        self,
        vectors: Vectors = load_vectors,
        text: bool = True,
        own: bool = True,
        negatives: str = "all",
        correct: bool = True,
        hard: int = 0,
        dimensions: int = 48,
        epochs: int = 40,
        learning_rate: float = 0.01,
        seed: int = 0,
    ):
        self.vectors, self.text, self.own, self.negatives = vectors, text, own, negatives
        self.correct, self.hard, self.dimensions, self.epochs = correct, hard, dimensions, epochs
        self.learning_rate, self.seed = learning_rate, seed

    def _build(self, torch: Any) -> Any:
        if not (self.text or self.own):
            raise ValueError("TwoTower: text and own are both False; a film needs one of them.")
        texts = film_vectors(self, self.vectors) if self.text else np.zeros((len(self.items_), 1))
        likes = self.histories_.liked.sum(axis=0)
        self.log_shares_ = np.log((likes + 1) / (likes + 1).sum())
        warm = torch.from_numpy((likes > 0) & self.own).double()[:, None]
        dropped = self.OWN_VECTOR_DROPPED if self.text else 0.0
        return _make_towers(torch, torch.from_numpy(texts), warm, self.dimensions, dropped)

    def _loss(self, torch: Any, known: Histories, examples: np.ndarray, rng: np.random.Generator) -> Any:
        users, films = torch.from_numpy(examples[:, 0]), torch.from_numpy(examples[:, 1])
        logits = self.SHARPNESS * self.net_(torch.from_numpy(self._inputs(known)), users, films)
        if self.negatives == "all":
            return torch.nn.functional.cross_entropy(logits, films)
        liked = torch.from_numpy(known.liked[examples[:, 0]] > 0)
        drawn = self.log_shares_ + np.log(len(films))  # how often a film is in such a batch
        corrected = logits - torch.from_numpy(drawn) if self.correct else logits
        parts = [corrected.gather(1, films[:, None]), corrected[:, films].masked_fill(liked[:, films], -np.inf)]
        if self.hard:
            nearest = logits.detach().masked_fill(liked, -np.inf).topk(self.hard, dim=1).indices
            parts.append(logits.gather(1, nearest))
        return torch.nn.functional.cross_entropy(torch.cat(parts, dim=1), torch.zeros_like(films))


def not_liked(known: Histories, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A film for each of some rows, drawn at random; where the viewer likes it, once more."""
    films = rng.integers(known.liked.shape[1], size=len(rows))
    again = known.liked[rows, films] > 0
    films[again] = rng.integers(known.liked.shape[1], size=int(again.sum()))
    return films


def viewer_vectors(history: Any, vectors: Any) -> Any:
    """Sum of the vectors of what each viewer liked, divided by the root of their number."""
    return history @ vectors / history.sum(dim=1, keepdim=True).clamp(min=1).sqrt()


def _without_target(history: Any, users: Any, vectors: Any, targets: Any, viewers: Any) -> Any:
    """Viewers with the film that is to be guessed taken out of their sums, where it is in."""
    return viewers - targets[:, None] * vectors / history.sum(dim=1)[users].clamp(min=1).sqrt()[:, None]


def _make_factors(torch: Any, films: int, dimensions: int) -> Any:
    """The vectors of `BPR`. Networks are defined in functions, so that importing this module does not load torch."""

    class Factors(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.films, self.history = (torch.nn.Embedding(films, dimensions) for _ in range(2))
            self.bias = torch.nn.Parameter(torch.zeros(films))
            for table in (self.films, self.history):
                torch.nn.init.normal_(table.weight, std=0.1)

        def forward(self, history: Any, users: Any, films: Any) -> Any:
            viewers = viewer_vectors(history, self.history.weight)[users]
            viewers = _without_target(history, users, self.history(films[:, 0]), torch.ones(len(films)), viewers)
            rows = self.films(films)
            size = (viewers**2).sum(dim=1).mean() + (rows**2).sum(dim=(1, 2)).mean()
            return (rows * viewers[:, None]).sum(dim=2) + self.bias[films], size

        def film_vectors(self) -> Any:
            return self.films.weight

        def all_scores(self, liked: Any) -> Any:
            return viewer_vectors(liked, self.history.weight) @ self.films.weight.T + self.bias

    return Factors()


def _make_neumf(torch: Any, films: int, dimensions: int) -> Any:
    """The network of `NeuralCF`."""

    class NeuMF(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.films = torch.nn.Embedding(films, 2 * dimensions)
            self.history = torch.nn.Embedding(films, 2 * dimensions)
            torch.nn.init.normal_(self.films.weight, std=0.05)
            torch.nn.init.normal_(self.history.weight, std=0.05)
            self.perceptron = torch.nn.Sequential(
                torch.nn.Linear(2 * dimensions, dimensions),
                torch.nn.ReLU(),
                torch.nn.Linear(dimensions, dimensions // 2),
            )
            self.output = torch.nn.Linear(dimensions + dimensions // 2, 1)
            self.bias = torch.nn.Embedding(films, 1)
            torch.nn.init.zeros_(self.bias.weight)

        def film_vectors(self) -> Any:
            return self.films.weight

        def join(self, viewers: Any, films: Any, bias: Any) -> Any:
            product = viewers[..., :dimensions] * films[..., :dimensions]
            joined = torch.cat([viewers[..., dimensions:], films[..., dimensions:]], dim=-1)
            return self.output(torch.cat([product, self.perceptron(joined)], dim=-1))[..., 0] + bias

        def forward(self, history: Any, users: Any, films: Any, targets: Any) -> Any:
            viewers = viewer_vectors(history, self.history.weight)[users]
            viewers = _without_target(history, users, self.history(films), targets, viewers)
            return self.join(viewers, self.films(films), self.bias(films)[:, 0])

        def all_scores(self, liked: Any) -> Any:
            """What `join` gives for all viewers and films, with all that does not hang on the pair done once."""
            viewers = viewer_vectors(liked, self.history.weight)
            first, _, second = self.perceptron
            of_product, of_perceptron = self.output.weight[0].split([dimensions, dimensions // 2])
            scores = (viewers[:, :dimensions] * of_product) @ self.films.weight[:, :dimensions].T
            scores += self.bias.weight[:, 0] + of_perceptron @ second.bias + self.output.bias
            from_viewers = viewers[:, dimensions:] @ first.weight[:, :dimensions].T
            from_films = self.films.weight[:, dimensions:] @ first.weight[:, dimensions:].T + first.bias
            for row, viewer in zip(scores, from_viewers, strict=True):
                row += torch.relu(viewer + from_films) @ (of_perceptron @ second.weight)
            return scores

    return NeuMF()


def _make_towers(torch: Any, texts: Any, warm: Any, dimensions: int, dropped: float) -> Any:
    """The network of `TwoTower`."""

    class Towers(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.text = torch.nn.Linear(texts.shape[1], dimensions, bias=False)
            self.own = torch.nn.Embedding(len(texts), dimensions)
            self.popular = torch.nn.Parameter(torch.zeros(len(texts)))
            torch.nn.init.normal_(self.own.weight, std=0.05)

        def film_vectors(self) -> Any:
            keep = warm
            if self.training:
                keep = warm * (torch.rand(len(texts), 1) > dropped)
            return torch.nn.functional.normalize(self.text(texts) + keep * self.own.weight, dim=1)

        def forward(self, history: Any, users: Any, films: Any) -> Any:
            vectors = self.film_vectors()
            viewers = viewer_vectors(history, vectors)[users]
            viewers = _without_target(history, users, vectors[films], torch.ones(len(films)), viewers)
            return torch.nn.functional.normalize(viewers, dim=1) @ vectors.T + warm[:, 0] * self.popular

        def all_scores(self, liked: Any) -> Any:
            vectors = self.film_vectors()
            viewers = torch.nn.functional.normalize(viewer_vectors(liked, vectors), dim=1)
            return viewers @ vectors.T + warm[:, 0] * self.popular

    return Towers()
