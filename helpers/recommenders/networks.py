"""The networks of the models in `neural` and `sequential`: the only module here that imports PyTorch, so it comes late.

Each is made from its model, which holds the settings. It gives `loss` of a batch of examples, `all_scores` of every
film for every history, and `film_vectors`. A history is a row of likes, 1.0 or 0.0, (n_viewers, n_films).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers.recommenders.content import film_vectors

NEGATIVES = 4  # of `NeuMF`: films that were not liked, drawn anew for every like
OWN_VECTOR_DROPPED = 0.3  # share of films that train as if nobody knew them, so that the text learns to do without
SHARPNESS = 10.0  # of the softmax over cosines


def viewer_vectors(history: Tensor, vectors: Tensor) -> Tensor:
    """Add up the vectors of what each viewer liked, and divide by the square root of their number."""
    return history @ vectors / history.sum(dim=1, keepdim=True).clamp(min=1).sqrt()


def without_target(history: Tensor, vectors: Tensor, users: Tensor, films: Tensor) -> Tensor:
    """Return the same for pairs of viewer and film, leaving the film to be guessed out of the sum."""
    lengths = history.sum(dim=1)[users].clamp(min=1).sqrt()
    return viewer_vectors(history, vectors)[users] - (history[users, films] / lengths)[:, None] * vectors[films]


class TwoVectors(nn.Module):
    """Two vectors per film, one for being recommended and one for having been liked, and a bias."""

    def __init__(self, films: int, dimensions: int, spread: float):
        super().__init__()
        self.films, self.history = (nn.Embedding(films, dimensions) for _ in range(2))
        self.bias = nn.Parameter(torch.zeros(films))
        for table in (self.films, self.history):
            nn.init.normal_(table.weight, std=spread)

    def film_vectors(self) -> Tensor:
        return self.films.weight


class Factors(TwoVectors):
    """The vectors of `BPR`."""

    def __init__(self, model: Any):
        super().__init__(len(model.items_), model.dimensions, 0.1)
        self.regularization = model.regularization

    def loss(self, history: Tensor, examples: Tensor, rng: np.random.Generator) -> Tensor:
        users, liked = examples.T
        viewers = without_target(history, self.history.weight, users, liked)
        pairs = torch.stack([liked, not_liked(history, users, rng)], dim=1)
        films = self.films(pairs)
        scores = (films * viewers[:, None]).sum(dim=2) + self.bias[pairs]
        size = (viewers**2).sum(dim=1).mean() + (films**2).sum(dim=(1, 2)).mean()
        return -functional.logsigmoid(scores[:, 0] - scores[:, 1]).mean() + self.regularization * size

    def all_scores(self, history: Tensor) -> Tensor:
        return viewer_vectors(history, self.history.weight) @ self.films.weight.T + self.bias


def not_liked(history: Tensor, users: Tensor, rng: np.random.Generator) -> Tensor:
    """Draw a random film for each viewer; if the viewer likes it, draw once more."""
    films = rng.integers(history.shape[1], size=len(users))
    again = (history[users, films] > 0).numpy()
    films[again] = rng.integers(history.shape[1], size=int(again.sum()))
    return torch.from_numpy(films)


class NeuMF(TwoVectors):
    """The network of `NeuralCF`: half of each vector is for the product, half for the perceptron."""

    def __init__(self, model: Any):
        super().__init__(len(model.items_), 2 * model.dimensions, 0.05)
        self.size = size = model.dimensions
        self.perceptron = nn.Sequential(nn.Linear(2 * size, size), nn.ReLU(), nn.Linear(size, size // 2))
        self.output = nn.Linear(size + size // 2, 1)

    def join(self, viewers: Tensor, films: Tensor, bias: Tensor) -> Tensor:
        product = viewers[..., : self.size] * films[..., : self.size]
        joined = torch.cat([viewers[..., self.size :], films[..., self.size :]], dim=-1)
        return self.output(torch.cat([product, self.perceptron(joined)], dim=-1))[..., 0] + bias

    def loss(self, history: Tensor, examples: Tensor, rng: np.random.Generator) -> Tensor:
        users = examples[:, 0].repeat_interleave(1 + NEGATIVES)
        films = torch.from_numpy(rng.integers(history.shape[1], size=(len(examples), 1 + NEGATIVES)))
        films[:, 0] = examples[:, 1]
        films = films.flatten()
        viewers = without_target(history, self.history.weight, users, films)
        scores = self.join(viewers, self.films(films), self.bias[films])
        return functional.binary_cross_entropy_with_logits(scores, history[users, films])

    def all_scores(self, history: Tensor) -> Tensor:
        films, viewers = self.films.weight, viewer_vectors(history, self.history.weight)
        return torch.stack([self.join(viewer.expand_as(films), films, self.bias) for viewer in viewers])


class Towers(nn.Module):
    """The network of `TwoTower`."""

    def __init__(self, model: Any):
        super().__init__()
        if not (model.text or model.own):
            raise ValueError("TwoTower: text and own are both False; a film needs one of them.")
        self.model, likes = model, model.histories_.liked.sum(axis=0, dtype=np.float64)
        self.log_shares = torch.from_numpy(np.log((likes + 1) / (likes + 1).sum()))
        self.warm = torch.from_numpy((likes > 0) & model.own).double()[:, None]
        self.texts = torch.from_numpy(film_vectors(model, model.vectors) if model.text else np.zeros((len(likes), 1)))
        self.text = nn.Linear(self.texts.shape[1], model.dimensions, bias=False)
        self.own = nn.Embedding(len(likes), model.dimensions)
        self.popular = nn.Parameter(torch.zeros(len(likes)))
        nn.init.normal_(self.own.weight, std=0.05)

    def film_vectors(self) -> Tensor:
        keep = self.warm
        if self.training:
            keep = keep * (torch.rand(len(keep), 1) > OWN_VECTOR_DROPPED * self.model.text)
        return functional.normalize(self.text(self.texts) + keep * self.own.weight, dim=1)

    def scores(self, viewers: Tensor, vectors: Tensor) -> Tensor:
        return functional.normalize(viewers, dim=1) @ vectors.T + self.warm[:, 0] * self.popular

    def loss(self, history: Tensor, examples: Tensor, rng: np.random.Generator) -> Tensor:
        users, films = examples.T
        vectors = self.film_vectors()
        logits = SHARPNESS * self.scores(without_target(history, vectors, users, films), vectors)
        if self.model.negatives == "all":
            return functional.cross_entropy(logits, films)
        liked = history[users] > 0
        drawn = self.log_shares + np.log(len(films))  # how often a film is in such a batch
        corrected = logits - drawn if self.model.correct else logits
        parts = [corrected.gather(1, films[:, None]), corrected[:, films].masked_fill(liked[:, films], -np.inf)]
        if self.model.hard:
            hard = min(self.model.hard, len(vectors))
            nearest = logits.detach().masked_fill(liked, -np.inf).topk(hard, dim=1).indices
            parts.append(logits.gather(1, nearest))
        return functional.cross_entropy(torch.cat(parts, dim=1), torch.zeros_like(films))

    def all_scores(self, history: Tensor) -> Tensor:
        vectors = self.film_vectors()
        return self.scores(viewer_vectors(history, vectors), vectors)


class Block(nn.Module):
    """Attention, then a perceptron, each added to its input."""

    def __init__(self, dimensions: int, dropout: float):
        super().__init__()
        self.before, self.between = nn.LayerNorm(dimensions), nn.LayerNorm(dimensions)
        self.attention = nn.MultiheadAttention(dimensions, 1, dropout, batch_first=True)
        inner, outer = (nn.Linear(dimensions, dimensions) for _ in range(2))
        self.perceptron = nn.Sequential(inner, nn.ReLU(), nn.Dropout(dropout), outer)

    def forward(self, rows: Tensor, hidden: Tensor) -> Tensor:
        normed = self.before(rows)
        rows = rows + self.attention(normed, normed, normed, attn_mask=hidden, need_weights=False)[0]
        return rows + self.perceptron(self.between(rows))


class Transformer(nn.Module):
    """The network of `SASRec`; a history is a row of films in order. Film -1 is padding: zeros, in row 0."""

    def __init__(self, model: Any):
        super().__init__()
        self.films = nn.Embedding(len(model.items_) + 1, model.dimensions, padding_idx=0)
        self.places = nn.Embedding(model.length, model.dimensions)
        self.bias = nn.Parameter(torch.zeros(len(model.items_)))
        for table in (self.films, self.places):
            nn.init.normal_(table.weight, std=0.1)
        nn.init.zeros_(self.films.weight[0])
        self.dropout = nn.Dropout(model.dropout)
        self.blocks = nn.ModuleList(Block(model.dimensions, model.dropout) for _ in range(model.layers))
        self.last = nn.LayerNorm(model.dimensions)

    def forward(self, rows: Tensor) -> Tensor:
        """Return the state (n, length, dimensions) of each place, which has seen itself and the places before it."""
        states = self.dropout(self.films(rows + 1) + self.places.weight)
        length = rows.shape[1]
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        filling = (rows < 0)[:, None, :] & ~torch.eye(length, dtype=torch.bool)
        for block in self.blocks:
            states = block(states, later | filling)
        return self.last(states)

    def film_vectors(self) -> Tensor:
        return self.films.weight[1:]

    def logits(self, states: Tensor) -> Tensor:
        return states @ self.film_vectors().T + self.bias

    def loss(self, history: Tensor, examples: Tensor, rng: np.random.Generator) -> Tensor:
        read, followed = examples[:, :-1], examples[:, 1:]
        both = (read >= 0) & (followed >= 0)
        return functional.cross_entropy(self.logits(self(read)[both]), followed[both])

    def all_scores(self, history: Tensor) -> Tensor:
        return self.logits(self(history)[:, -1])
