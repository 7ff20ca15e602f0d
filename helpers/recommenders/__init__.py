"""Every model of the course behind one interface: `fit`, then `recommend`, `predict`, `similar`, `fold_in`, `update`.

| module | models | where the score of a film comes from |
|---|---|---|
| `base` | Random, Popularity, RecentPopularity | chance; the likes of everybody |
| `neighborhood` | ItemKNN, UserKNN | likes of similar films, or of similar viewers |
| `factors` | BiasedMF, ALS, EASE | a factorization of the ratings, or a linear map between films |
| `content` | ContentProfile, FeatureVectors, ContentToCF | what films are about |
| `neural` | BPR, NeuralCF, TwoTower | networks, by PyTorch |
| `sequential` | MarkovChain, SASRec | what was liked last, and what followed it |
| `hybrid` | Hybrid, Reranked | a blend of others; candidates of one, sorted by a learned ranker |

They are scikit-learn estimators: ``repr``, ``sklearn.base.clone``, ``get_params``, and ``set_params`` work, and the
names of learned attributes end in an underscore.
"""

from helpers.recommenders.base import Popularity, Random, RecentPopularity
from helpers.recommenders.base import Recommender as Recommender
from helpers.recommenders.content import ContentProfile, ContentToCF, FeatureVectors
from helpers.recommenders.content import catalogue_vectors as catalogue_vectors
from helpers.recommenders.content import feature_vectors as feature_vectors
from helpers.recommenders.factors import ALS, EASE, BiasedMF
from helpers.recommenders.hybrid import Hybrid, Reranked
from helpers.recommenders.neighborhood import ItemKNN, UserKNN
from helpers.recommenders.neural import BPR, NeuralCF, TwoTower
from helpers.recommenders.sequential import MarkovChain, SASRec

MODELS = {  # every model with its default settings, by the name that commands and tables give it
    "random": Random,
    "popularity": Popularity,
    "recent-popularity": RecentPopularity,
    "item-knn": ItemKNN,
    "user-knn": UserKNN,
    "biased-mf": BiasedMF,
    "als": ALS,
    "bpr": BPR,
    "ease": EASE,
    "neural-cf": NeuralCF,
    "markov-chain": MarkovChain,
    "sasrec": SASRec,
    "content-profile": ContentProfile,
    "feature-vectors": FeatureVectors,
    "content-to-cf": ContentToCF,
    "two-tower": TwoTower,
    "hybrid": Hybrid,
    "reranked": Reranked,
}
NEED_FILMS = {"content-profile", "feature-vectors", "content-to-cf", "two-tower", "hybrid", "reranked"}
WITHOUT_FILMS = [name for name in MODELS if name not in NEED_FILMS]
