"""Recommend by small neural networks, in PyTorch: neural collaborative filtering and two towers.

In both, a viewer is the sum of the vectors of what they liked, divided by the root of their number, as in NSVD
(Paterek, 2007): so that a new viewer needs no training. While training on a like, that film is left out of the sum;
otherwise the network would only learn to recognise it. Training stops when the lists for held-out likes get no better.

All numbers have 64 bits: how 32 bits are rounded differs from one kind of processor to the next, and training makes so
much of it that the lists would differ, too.

A. Paterek (2007), Improving regularized singular value decomposition for collaborative filtering, KDD Cup.
"""

from __future__ import annotations

import contextlib
import copy

import numpy as np

from helpers.data import load_vectors
from helpers.recommenders.base import Recommender, likes
from helpers.recommenders.content import ContentProfile

HELD_OUT = 0.1  # of all likes, for early stopping
PATIENCE = 3  # epochs without a better list
BATCH = 1024
JUDGED_AT = 10


@contextlib.contextmanager
def _one_thread():
    """Give torch, held to one thread: these networks are too small for more, and threads that wait cost minutes."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield torch
    finally:
        torch.set_num_threads(threads)


class _Network(Recommender):
    """Training shared by the networks; a subclass builds `_build` and says what a batch costs in `_loss`."""

    def __init__(self, dimensions: int = 32, epochs: int = 40, learning_rate: float = 0.01, seed: int = 0):
        self.dimensions, self.epochs, self.learning_rate, self.seed = dimensions, epochs, learning_rate, seed

    def _learn(self) -> None:
        with _one_thread() as torch:
            self._train(torch)

    def _train(self, torch) -> None:
        torch.manual_seed(self.seed)
        rng = np.random.default_rng(self.seed)
        liked = likes(self._histories)
        pairs = np.argwhere(liked)
        held = rng.random(len(pairs)) < HELD_OUT
        known = liked.copy()
        known[tuple(pairs[held].T)] = 0
        self._net = self._build(torch).double()
        optimizer = torch.optim.AdamW(self._net.parameters(), lr=self.learning_rate, weight_decay=1e-4)
        history, training = torch.from_numpy(known).double(), pairs[~held]
        best, waited, kept = -1.0, 0, None
        self.epochs_run = 0
        while self.epochs_run < self.epochs and waited < PATIENCE:
            self._net.train()
            for start in np.array_split(rng.permutation(len(training)), max(1, len(training) // BATCH)):
                optimizer.zero_grad()
                self._loss(torch, history, training[start], rng).backward()
                optimizer.step()
            self.epochs_run += 1
            quality = self._hits(known, pairs[held])
            waited += 1
            if quality > best:
                best, waited, kept = quality, 0, copy.deepcopy(self._net.state_dict())
        if kept is not None:
            self._net.load_state_dict(kept)

    def _hits(self, known: np.ndarray, held: np.ndarray) -> float:
        """Share of the held-out likes that stand among the first ten of their viewer."""
        if not len(held):
            return 0.0
        scores = np.where(known > 0, -np.inf, self._score_likes(known))
        edge = -np.partition(-scores, min(JUDGED_AT, scores.shape[1]) - 1, axis=1)[
            :, min(JUDGED_AT, scores.shape[1]) - 1
        ]
        return float((scores[held[:, 0], held[:, 1]] >= edge[held[:, 0]]).mean())

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        return self._score_likes(likes(histories))

    def _score_likes(self, liked: np.ndarray) -> np.ndarray:
        self._net.eval()
        with _one_thread() as torch, torch.no_grad():
            return self._net.all_scores(torch.from_numpy(liked).double()).numpy()

    def _build(self, torch):
        raise NotImplementedError

    def _loss(self, torch, history, pairs: np.ndarray, rng):
        raise NotImplementedError


class NeuralCF(_Network):
    """Neural collaborative filtering: a product and a perceptron of viewer and film, joined (NeuMF).

    Parameters
    ----------
    dimensions : int
        Of the vectors in each of the two parts.
    epochs : int
        At most so many; see the module on early stopping.
    learning_rate : float
        Of AdamW.
    seed : int
        Of weights, order and negatives.

    References
    ----------
    X. He et al. (2017), Neural collaborative filtering, WWW, section 3.4. There a viewer is an id; here, their likes.
    """

    NEGATIVES = 4  # films that were not liked, drawn anew for every like

    def _build(self, torch):
        return _make_neumf(torch, len(self.items), self.dimensions)

    def _loss(self, torch, history, pairs, rng):
        users = np.repeat(pairs[:, 0], 1 + self.NEGATIVES)
        films = rng.integers(len(self.items), size=(len(pairs), 1 + self.NEGATIVES))
        films[:, 0] = pairs[:, 1]
        targets = (history[users, films.ravel()] > 0).double()
        output = self._net(history, torch.from_numpy(users), torch.from_numpy(films.ravel()), targets)
        return torch.nn.functional.binary_cross_entropy_with_logits(output, targets)

    def _film_vectors(self) -> np.ndarray:
        return self._net.films.weight.detach().numpy()


class TwoTower(_Network):
    """Two towers: a film is its text, mapped, plus a vector of its own; a viewer is the sum of what they liked.

    A film without likes is its text alone. Trained to tell the next like from all other films (softmax).

    Parameters
    ----------
    vectors : numpy.ndarray or callable, optional
        As for `helpers.recommenders.ContentProfile`.
    dimensions, epochs, learning_rate, seed
        As for `NeuralCF`.

    References
    ----------
    P. Covington, J. Adams and E. Sargin (2016), Deep neural networks for YouTube recommendations, RecSys, section 3.
    """

    OWN_VECTOR_DROPPED = 0.3  # share of films that train as if nobody knew them, so that the text learns to do without
    SHARPNESS = 10.0  # of the softmax over cosines

    def __init__(
        self, vectors=load_vectors, dimensions: int = 48, epochs: int = 40, learning_rate: float = 0.01, seed: int = 0
    ):
        super().__init__(dimensions, epochs, learning_rate, seed)
        self.vectors = vectors

    def _build(self, torch):
        content = ContentProfile(self.vectors)
        content.movies, content.items = self.movies, self.items
        texts = content._prepare(content._raw_vectors())
        self._warm = torch.from_numpy(likes(self._histories).sum(axis=0) > 0).double()[:, None]
        return _make_towers(torch, torch.from_numpy(texts), self._warm, self.dimensions, self.OWN_VECTOR_DROPPED)

    def _loss(self, torch, history, pairs, rng):
        users, films = torch.from_numpy(pairs[:, 0]), torch.from_numpy(pairs[:, 1])
        return torch.nn.functional.cross_entropy(self.SHARPNESS * self._net(history, users, films), films)

    def _film_vectors(self) -> np.ndarray:
        self._net.eval()
        return self._net.film_vectors().detach().numpy()


def _viewer_vectors(history, vectors):
    """Sum of the vectors of what each viewer liked, divided by the root of their number."""
    return history @ vectors / history.sum(dim=1, keepdim=True).clamp(min=1).sqrt()


def _without_target(history, users, vectors, targets, viewers):
    """Viewers with the film that is to be guessed taken out of their sums, where it is in."""
    return viewers - targets[:, None] * vectors / history.sum(dim=1)[users].clamp(min=1).sqrt()[:, None]


def _make_neumf(torch, films: int, dimensions: int):
    """The network of `NeuralCF`. Defined in a function, so that importing this module does not load torch."""

    class NeuMF(torch.nn.Module):
        def __init__(self):
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

        def join(self, viewers, films, bias):
            product = viewers[..., :dimensions] * films[..., :dimensions]
            joined = torch.cat([viewers[..., dimensions:], films[..., dimensions:]], dim=-1)
            return self.output(torch.cat([product, self.perceptron(joined)], dim=-1))[..., 0] + bias

        def forward(self, history, users, films, targets):
            viewers = _viewer_vectors(history, self.history.weight)[users]
            viewers = _without_target(history, users, self.history(films), targets, viewers)
            return self.join(viewers, self.films(films), self.bias(films)[:, 0])

        def all_scores(self, liked):
            """What `join` gives for all viewers and films, with all that does not hang on the pair done once."""
            viewers = _viewer_vectors(liked, self.history.weight)
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


def _make_towers(torch, texts, warm, dimensions: int, dropped: float):
    """The network of `TwoTower`."""

    class Towers(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.text = torch.nn.Linear(texts.shape[1], dimensions, bias=False)
            self.own = torch.nn.Embedding(len(texts), dimensions)
            self.popular = torch.nn.Parameter(torch.zeros(len(texts)))
            torch.nn.init.normal_(self.own.weight, std=0.05)

        def film_vectors(self):
            keep = warm
            if self.training:
                keep = warm * (torch.rand(len(texts), 1) > dropped)
            return torch.nn.functional.normalize(self.text(texts) + keep * self.own.weight, dim=1)

        def forward(self, history, users, films):
            vectors = self.film_vectors()
            viewers = _viewer_vectors(history, vectors)[users]
            viewers = _without_target(history, users, vectors[films], torch.ones(len(films)), viewers)
            return torch.nn.functional.normalize(viewers, dim=1) @ vectors.T + warm[:, 0] * self.popular

        def all_scores(self, liked):
            vectors = self.film_vectors()
            viewers = torch.nn.functional.normalize(_viewer_vectors(liked, vectors), dim=1)
            return viewers @ vectors.T + warm[:, 0] * self.popular

    return Towers()
