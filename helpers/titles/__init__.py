"""Normalize titles, measure how far apart they are, look them up despite typos, and find duplicates."""

# ruff: noqa: F401, I001

from helpers.titles.candidates import close_titles
from helpers.titles.compare import LIKE_TITLE, NEARLY_THE_SAME, count_points, relate_titles, title_scores
from helpers.titles.compare import NO_YEAR_POINTS, PEOPLE_POINTS, TEXT_POINTS, TITLE_POINTS, YEAR_POINTS
from helpers.titles.duplicates import NEEDED, NEEDED_WHERE_RARE, adjacent_duplicates, alike_titles, compare_listings
from helpers.titles.duplicates import find_duplicates, merge_duplicates, pair_precision_recall, true_pairs
from helpers.titles.forms import levenshtein_table, normalize_title, split_words
from helpers.titles.lookup import SURE, Match, TitleLookup, is_typo
