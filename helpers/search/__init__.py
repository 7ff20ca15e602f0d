"""Find near vectors: exact and approximate indexes, similar films, varied lists, and what makes two texts alike."""

from helpers.search.index import NeighborIndex, as_count, as_mask
from helpers.search.neighbors import (
    TitleNotFoundError,
    center_rows,
    closest_sentences,
    diversify,
    find_similar_movies,
    split_sentences,
    tag_overlap,
    tag_overlaps,
    word_contributions,
)
