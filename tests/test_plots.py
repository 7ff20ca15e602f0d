import base64
import io
import re

import nbconvert
import nbformat
import numpy as np
import pandas as pd
import pytest
from figures import same_figure
from PIL import Image

from helpers import plots

CURVE = pd.DataFrame({"precision": [1, 0.9], "recall": [0.2, 0.8]}, index=[90, 80])
WORDS = {"title": "It rises", "alt": "A line that rises from left to right."}
FIGURES = [
    lambda: plots.bars(pd.Series({"a": 2, "b" * 90: 1}), xlabel="films", **WORDS),
    lambda: plots.lines(CURVE, xlabel="x", ylabel="y", logx=True, **WORDS),
    lambda: plots.curves({"one": CURVE, "other": CURVE}, **WORDS),
    lambda: plots.histogram([1, 2, 2, 3], xlabel="x", ylabel="y", mark=2, mark_label="here", **WORDS),
    lambda: plots.heat_table(np.eye(3, dtype=int), "abc", "xyz", **WORDS),
    lambda: plots.scatter_map(np.eye(3, 2), {0: "first"}, **WORDS),
    lambda: plots.intervals(TABLE, xlabel="x", **WORDS),
    lambda: plots.arrows({"films": CURVE, "viewers": -CURVE}, xlabel="x", ylabel="y", **WORDS),
    lambda: plots.precision_recall({"rule": CURVE}, xlabel="x", ylabel="y", **WORDS),
]


@pytest.mark.parametrize("make", FIGURES)
def test_a_figure_shows_a_picture_with_its_alternative_text(make):
    data, metadata = make()._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == metadata["image/png"]["alt"] == WORDS["alt"]
    assert data["image/png"] == make()._repr_mimebundle_()[0]["image/png"]
    assert base64.b64encode(data["image/png"]).decode() in data["text/html"]
    assert data["text/html"].startswith(f'<img alt="{WORDS["alt"]}"')


def test_the_html_export_shows_the_alternative_text_of_a_figure():
    data, metadata = FIGURES[0]()._repr_mimebundle_()
    data["image/png"] = base64.b64encode(data["image/png"]).decode()
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("figure", outputs=[output])])
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert re.findall('<img[^>]* alt="([^"]*)"', page.replace("<img alt", "<img  alt")) == [WORDS["alt"]]


def test_an_alternative_text_is_escaped():
    shown, metadata = plots.picture(b"", '"><script>&')
    assert shown["text/html"].startswith('<img alt="&quot;&gt;&lt;script&gt;&amp;" ')
    assert metadata["image/png"]["alt"] == '"><script>&'


@pytest.mark.parametrize("make", FIGURES)
def test_nothing_of_a_figure_lies_outside_it(make):
    figure = make()
    figure._repr_mimebundle_()
    for text in figure.findobj(lambda artist: hasattr(artist, "get_text") and artist.get_text() == WORDS["title"]):
        box = text.get_window_extent()
        assert 0 <= box.x0 <= box.x1 <= figure.bbox.x1


@pytest.mark.parametrize("make", FIGURES)
def test_what_a_figure_shows_is_stored_beside_it_as_text(make):
    shown = make()._repr_mimebundle_()[0][plots.DATA]
    assert shown.startswith(f"title: {WORDS['title']}\nx: ")
    assert shown == make()._repr_mimebundle_()[0][plots.DATA]


TABLE = pd.DataFrame({"mean": [3.0, 1.0], "low": [2.5, 0.5], "high": [3.5, 2.0]}, index=["best", "worst"])
CHANGES = {
    "a bar": (plots.bars, pd.Series({"a": 2, "b": 1}), pd.Series({"a": 2, "b": 1.02}), {"xlabel": "x"}),
    "a name": (plots.bars, pd.Series({"a": 2, "b": 1}), pd.Series({"a": 2, "c": 1}), {"xlabel": "x"}),
    "a point of a line": (plots.lines, CURVE, CURVE.replace(0.8, 0.81), {"xlabel": "x", "ylabel": "y"}),
    "the name of a line": (plots.lines, CURVE, CURVE.rename(columns={"recall": "r"}), {"xlabel": "x", "ylabel": "y"}),
    "an end of an interval": (plots.intervals, TABLE, TABLE.replace(0.5, 0.6), {"xlabel": "x"}),
    "labels of intervals": (plots.intervals, TABLE, TABLE.set_axis(["worst", "best"]), {"xlabel": "x"}),
    "a count": (plots.histogram, [1, 2, 2, 3], [1, 2, 3, 3], {"xlabel": "x", "ylabel": "y"}),
    "a cell": (lambda table, **more: plots.heat_table(table, "ab", "xy", **more), np.eye(2), np.eye(2)[::-1], {}),
    "a point of many": (
        lambda cloud, **words: plots.scatter_map(cloud, {}, **words),
        np.eye(99, 2),
        -np.eye(99, 2),
        {},
    ),
    "a named point": (lambda names, **more: plots.scatter_map(np.eye(3, 2), names, **more), {0: "a"}, {1: "a"}, {}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_picture_is_noticed(change):
    make, before, after, more = CHANGES[change]
    bundles = [make(shown, **WORDS, **more)._repr_mimebundle_()[0] for shown in (before, after)]
    assert bundles[0]["image/png"] != bundles[1]["image/png"]
    assert bundles[0][plots.DATA] != bundles[1][plots.DATA]


def test_rounding_of_another_processor_is_no_change():
    exact, other = pd.DataFrame({"a": [1.234, 0]}), pd.DataFrame({"a": [1.234 + 1e-7, 1e-9]})
    texts = [plots.lines(table, xlabel="x", ylabel="y", **WORDS)._repr_mimebundle_()[0] for table in (exact, other)]
    assert texts[0][plots.DATA] == texts[1][plots.DATA]


def test_a_label_of_intervals_stands_beside_its_own_mean():
    axis = plots.intervals(TABLE, xlabel="x", **WORDS).axes[0]
    named = dict(zip(axis.get_yticks(), (text.get_text() for text in axis.get_yticklabels()), strict=True))
    means, heights = axis.lines[0].get_data()
    assert {named[height]: mean for mean, height in zip(means, heights, strict=True)} == {"best": 3, "worst": 1}
    for (low, height), (high, _) in axis.collections[0].get_segments():
        assert (low, high) == tuple(TABLE.loc[named[height], ["low", "high"]])


def test_intervals_mark_zero_where_asked_or_negative():
    figures = [
        plots.intervals(TABLE - shift, xlabel="x", zero=zero, **WORDS)
        for shift, zero in [(0, False), (0, True), (1, False)]
    ]
    lines = [
        [line for line in figure.axes[0].lines if line.get_xdata()[0] == line.get_xdata()[-1] == 0]
        for figure in figures
    ]
    assert list(map(len, lines)) == [0, 1, 1]
    assert figures[1].axes[0].get_xlim()[0] < 0


def test_a_line_that_falls_never_runs_through_the_names_of_its_points():
    table = pd.DataFrame({"speed": [1, 2, 3, 3.1, 3.1], "recall": [1, 1, 0.999, 0.99, 0.98]}).rename_axis("ef")
    figure = plots.curves({"graph": table}, **WORDS)
    figure._repr_mimebundle_()
    axis = figure.axes[0]
    line = axis.lines[0].get_path().transformed(axis.transData)
    boxes = [text.get_window_extent() for text in axis.texts]
    assert len(boxes) == 5 and not any(line.intersects_bbox(box, filled=False) for box in boxes)


def test_two_arrows_in_one_direction_are_both_seen():
    one, left = pd.DataFrame([[0.9, 0.4]], index=["a"]), pd.DataFrame([[-1.0, 0.0]], index=["b"])
    figure = plots.arrows({"films": one, "viewers": pd.concat([one, left])}, xlabel="x", ylabel="y", **WORDS)
    drawn = np.asarray(Image.open(io.BytesIO(figure._as_png())).convert("RGB")).astype(int)
    x, y = figure.axes[0].transData.transform((0.45, 0.2)) * 96 / figure.dpi  # halfway along both
    red, _, blue = drawn[::-1][int(y) - 6 : int(y) + 7, int(x)].T
    assert (blue > red + 100).any() and (red > blue + 50).any()


def test_long_names_leave_room():
    figure = FIGURES[0]()
    assert max(len(label.get_text()) for label in figure.axes[0].get_yticklabels()) <= 36


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("title: A\nbars: 0.126 -0.0627 1.2e-05", True),
        ("title: A\nbars: 0.127 -0.0627 1.2e-05", True),
        ("title: A\nbars: 0.127 -0.0626 1.3e-05", True),
        ("title: A\nbars: 0.129 -0.0627 1.2e-05", False),
        ("title: A\nbars: -0.0627 0.126 1.2e-05", False),
        ("title: B\nbars: 0.126 -0.0627 1.2e-05", False),
        ("title: A\nbars: 0.126 -0.0627", False),
    ],
)
def test_a_figure_is_compared_as_an_eye_would(other, same):
    assert same_figure("title: A\nbars: 0.126 -0.0627 1.2e-05", other) is same
