"""Figures with a slider, a form to label neighbors, and a capacity planner.

A slider shows what a function makes of a value: a figure. The function works without any widget. Where widgets do not
run (on GitHub, on paper, in a test), the figure for the first value is shown instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import pandas as pd

from helpers.plots import CourseFigure
from helpers.scale.capacity import BYTES, plan


def _slider(label: str, values: Sequence, value: Any, label_width: str = "initial") -> ipywidgets.SelectionSlider:
    return ipywidgets.SelectionSlider(
        options=list(values),
        value=value,
        description=label,
        continuous_update=False,
        style={"description_width": label_width},
        layout={"width": "min(36em, 98%)"},
    )


class SliderFigure(ipywidgets.VBox):
    """A slider above the figure that its value leads to. `figure` is the one shown now; `slider` moves it."""

    def __init__(self, draw: Callable[[Any], CourseFigure], label: str, values: Sequence, value: Any):
        self.draw = draw
        self.slider = _slider(label, values, value)
        self.picture = ipywidgets.HTML()
        super().__init__([self.slider, self.picture])
        self.slider.observe(self._redraw, names="value")
        self._redraw()

    def _redraw(self, change: Any = None) -> None:
        self.figure = self.draw(self.slider.value)
        self.picture.value = self.figure._repr_mimebundle_()[0]["text/html"]

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        """Give the widget, and the still figure for whatever cannot show widgets."""
        still, metadata = self.figure._repr_mimebundle_()
        return {**super()._repr_mimebundle_(**kwargs), **still}, metadata


def with_slider(draw: Callable[[Any], CourseFigure], label: str, values: Sequence, value: Any) -> SliderFigure:
    """Put a slider above a figure.

    Parameters
    ----------
    draw : callable
        From a value to the figure for it.
    label : str
        What the slider changes; it appears to its left, and screen readers read it.
    values : sequence
        The values of the slider, in order; the arrow keys move from one to the next.
    value : object
        Where it starts.

    Returns
    -------
    SliderFigure
        A widget; as the last value of a cell it shows itself.
    """
    return SliderFigure(draw, label, values, value)


class LabelForm(ipywidgets.VBox):
    """A form on which somebody says which neighbors fit.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``query`` and ``neighbor``: a pair of titles in every row.
    """

    CHOICES = [("not looked at", None), ("fits", True), ("does not", False)]

    def __init__(self, pairs: pd.DataFrame):
        self.pairs = pairs.reset_index(drop=True)
        self.buttons = [
            ipywidgets.Dropdown(
                options=self.CHOICES,
                value=None,
                description=f"{pair.query}: {pair.neighbor}",
                style={"description_width": "min(26em, 60%)"},
                layout={"width": "min(40em, 98%)"},
            )
            for pair in self.pairs.itertuples()
        ]
        self.summary = ipywidgets.HTML()
        for button in self.buttons:
            button.observe(self._count, names="value")
        super().__init__([*self.buttons, self.summary])
        self._count()

    @property
    def labels(self) -> pd.Series:
        """True, False, or None (no label yet) for every pair."""
        return pd.Series([button.value for button in self.buttons], dtype=object)

    def fill(self, labels: Sequence) -> None:
        """Set every label, in the order of the pairs."""
        for button, label in zip(self.buttons, labels, strict=True):
            button.value = label

    def precision(self) -> tuple[float, float, float]:
        """Share of the labeled neighbors that fit, and its 95% interval (Wilson, 1927); NaN without a label."""
        from scipy.stats import binomtest

        said = self.labels.dropna().astype(bool)
        if said.empty:
            return (float("nan"),) * 3
        test = binomtest(int(said.sum()), len(said))
        low, high = test.proportion_ci(method="wilson")
        return test.statistic, low, high

    def _count(self, change: Any = None) -> None:
        done = self.labels.notna().sum()
        mean, low, high = self.precision()
        figure = f"precision {mean:.2f} [{low:.2f}, {high:.2f}]" if done else "no label yet"
        self.summary.value = f"<b>{done} of {len(self.buttons)}: {figure}</b>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict:
        """Give the form, and its pairs as a table for whatever cannot show widgets."""
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": self.pairs.to_string()}


class CapacityPlanner(ipywidgets.VBox):
    """Sliders for a catalog's size and its visitors, above the machines that they need; see `helpers.scale.capacity`.

    Parameters
    ----------
    **settings
        Passed on to `helpers.scale.capacity.plan`, such as the price of a machine.
    """

    VECTORS = [10**4, 10**5, 10**6, 10**7, 10**8, 10**9]
    QUERIES = [1, 10, 100, 1_000, 10_000]

    def __init__(self, **settings: Any):
        self.settings = settings
        named: dict[str, tuple[str, Sequence, Any]] = {
            "vectors": ("texts", [(f"{count:,}", count) for count in self.VECTORS], 10**6),
            "queries_a_second": ("queries a second", [(f"{count:,}", count) for count in self.QUERIES], 100),
            "precision": ("a number is kept as", list(BYTES), "float32"),
        }
        self.sliders = {name: _slider(*asked, label_width="12em") for name, asked in named.items()}
        self.shown = ipywidgets.HTML()
        super().__init__([*self.sliders.values(), self.shown])
        for slider in self.sliders.values():
            slider.observe(self._renew, names="value")
        self._renew()

    def _renew(self, change: Any = None) -> None:
        asked = {name: slider.value for name, slider in self.sliders.items()}
        self.plan = plan(**asked, **self.settings)
        self.table = pd.DataFrame({"needed": [f"{value:,.4g}" for value in self.plan]}, index=self.plan._fields)
        self.shown.value = self.table.to_html(header=False)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict:
        """Give the widget, and its first plan as a table for whatever cannot show widgets."""
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": self.table.to_string(header=False)}
