"""An encoder without a model: weighted counts of groups of letters, in any language and any script."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

NGRAMS = (1, 5)  # letters of a group, within words; single ones serve scripts that write a word in one
MOST_GROUPS = 200_000  # of letters, the most frequent ones
DIMENSIONS = 256  # numbers in a vector; fewer for fewer texts


class TfidfEncoder:
    """Count groups of letters, weight rare ones more (TF-IDF), and keep the directions in which texts differ most.

    It knows spelling, not meaning, but it needs no model, and spelling tells something in every language. It learns its
    groups of letters from the first texts that it encodes, so encode the catalog before the questions.

    References
    ----------
    P. McNamee and J. Mayfield (2004), Character n-gram tokenization for European language text retrieval, Information
    Retrieval 7, pages 73-97. Directions: S. Deerwester et al. (1990), JASIS 41(6), pages 391-407.
    """

    max_seq_length = np.inf
    key: str | None = None  # says what it was fitted on; None before that

    def fit(self, texts: Iterable[str]) -> TfidfEncoder:
        """Learn the groups of letters of texts, their weights and the directions that are kept."""
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = list(texts)
        self._counter = TfidfVectorizer(
            analyzer="char_wb", ngram_range=NGRAMS, sublinear_tf=True, max_features=MOST_GROUPS, dtype=np.float32
        )
        counts = self._counter.fit_transform(texts)
        size = max(1, min(DIMENSIONS, *counts.shape))
        with np.errstate(invalid="ignore"):  # a single text varies in nothing
            self._directions = TruncatedSVD(size, random_state=0).fit(counts)
        self.key = hashlib.sha256("\0".join([f"tfidf {NGRAMS} {size}", *texts]).encode()).hexdigest()
        return self

    def encode(self, texts: str | Sequence[str], **_: object) -> np.ndarray:
        """Encode one text or many as unit vectors; zeros where nothing in a text is known."""
        if isinstance(texts, str):
            return self.encode([texts])[0]
        if self.key is None:
            self.fit(texts)
        counts = self._counter.transform(texts)
        rows = self._directions.transform(counts) * (counts.getnnz(axis=1) > 1)[:, None]  # a space is in every text
        return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)).astype(np.float32)

    def get_sentence_embedding_dimension(self) -> int:
        """Numbers in a vector."""
        return DIMENSIONS if self.key is None else len(self._directions.components_)
