"""Every model of the course behind one interface: `fit`, then `recommend`, `predict`, `similar`, `fold_in`, `update`.

| module | models | where the score of a film comes from |
|---|---|---|
| `base` | Random, Popularity | chance; the likes of everybody |
| `neighborhood` | ItemKNN, UserKNN | likes of similar films, or of similar viewers |
| `factors` | BiasedMF, ALS, EASE | a factorisation of the ratings, or a linear map between films |
| `content` | ContentProfile, FeatureVectors, ContentToCF | what films are about |
| `neural` | NeuralCF, TwoTower | networks, by PyTorch |
| `hybrid` | Hybrid | a blend of others |
"""

from helpers.recommenders.base import Popularity, Random, Recommender
from helpers.recommenders.content import ContentProfile, ContentToCF, FeatureVectors, catalogue_vectors, feature_vectors
from helpers.recommenders.factors import ALS, EASE, BiasedMF
from helpers.recommenders.hybrid import Hybrid
from helpers.recommenders.neighborhood import ItemKNN, UserKNN
from helpers.recommenders.neural import NeuralCF, TwoTower

__all__ = [
    "ALS",
    "EASE",
    "BiasedMF",
    "ContentProfile",
    "ContentToCF",
    "FeatureVectors",
    "Hybrid",
    "ItemKNN",
    "NeuralCF",
    "Popularity",
    "Random",
    "Recommender",
    "TwoTower",
    "UserKNN",
    "catalogue_vectors",
    "feature_vectors",
]

MODELS = {  # every model with its default settings, by the name that commands and tables give it
    "random": Random,
    "popularity": Popularity,
    "item-knn": ItemKNN,
    "user-knn": UserKNN,
    "biased-mf": BiasedMF,
    "als": ALS,
    "ease": EASE,
    "neural-cf": NeuralCF,
    "content-profile": ContentProfile,
    "feature-vectors": FeatureVectors,
    "content-to-cf": ContentToCF,
    "two-tower": TwoTower,
    "hybrid": Hybrid,
}
WITHOUT_FILMS = ["random", "popularity", "item-knn", "user-knn", "biased-mf", "als", "ease", "neural-cf"]
