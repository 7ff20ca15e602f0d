import numpy as np
import pandas as pd
import pytest

from helpers import plots

CURVE = pd.DataFrame({"precision": [1, 0.9], "recall": [0.2, 0.8]}, index=[90, 80])
WORDS = {"title": "It rises", "alt": "A line that rises from left to right."}
FIGURES = [
    lambda: plots.bars(pd.Series({"a": 2, "b" * 90: 1}), xlabel="films", **WORDS),
    lambda: plots.lines(CURVE, xlabel="x", ylabel="y", logx=True, **WORDS),
    lambda: plots.curves({"one": CURVE, "other": CURVE}, logx=True, **WORDS),
    lambda: plots.histogram([1, 2, 2, 3], xlabel="x", ylabel="y", mark=2, mark_label="here", **WORDS),
    lambda: plots.heat_table(np.eye(3, dtype=int), "abc", "xyz", path=[(0, 0)], **WORDS),
    lambda: plots.scatter_map(np.eye(3, 2), {0: "first"}, **WORDS),
    lambda: plots.precision_recall({"rule": CURVE}, {"other": (0.5, 0.5)}, **WORDS),
]


@pytest.mark.parametrize("make", FIGURES)
def test_a_figure_shows_a_picture_with_its_alternative_text(make):
    data, metadata = make()._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == metadata["image/png"]["alt"] == WORDS["alt"]
    assert data["image/png"] == make()._repr_mimebundle_()[0]["image/png"]


@pytest.mark.parametrize("make", FIGURES)
def test_nothing_of_a_figure_lies_outside_it(make):
    figure = make()
    figure._repr_mimebundle_()
    for text in figure.findobj(lambda artist: hasattr(artist, "get_text") and artist.get_text() == WORDS["title"]):
        box = text.get_window_extent()
        assert 0 <= box.x0 <= box.x1 <= figure.bbox.x1


def test_long_names_leave_room():
    figure = FIGURES[0]()
    assert max(len(label.get_text()) for label in figure.axes[0].get_yticklabels()) <= 36
