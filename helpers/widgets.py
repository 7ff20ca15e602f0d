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


class _Controls(ipywidgets.VBox):
    """Controls above `shown`, what their values lead to; `still` is shown by whatever cannot show widgets."""

    still: tuple[dict, dict]  # outputs by media type, and their metadata

    def __init__(self, controls: Sequence[ipywidgets.Widget]):
        self.shown = ipywidgets.HTML()
        super().__init__([*controls, self.shown])
        for control in controls:
            control.observe(lambda change: self._renew(), names="value")
        self._renew()

    def _renew(self) -> None:
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        outputs, metadata = self.still
        return {**super()._repr_mimebundle_(**kwargs), **outputs}, metadata


class SliderFigure(_Controls):
    """A slider above the figure that its value leads to. `figure` is the one shown now; `slider` moves it.

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
    """

    def __init__(self, draw: Callable[[Any], CourseFigure], label: str, values: Sequence, value: Any):
        self.draw = draw
        self.slider = _slider(label, values, value)
        super().__init__([self.slider])

    def _renew(self) -> None:
        self.figure = self.draw(self.slider.value)
        self.still = self.figure._repr_mimebundle_()
        self.shown.value = self.still[0]["text/html"]


with_slider = SliderFigure


class LabelForm(_Controls):
    """A form on which somebody says which neighbors fit.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``query`` and ``neighbor``: a pair of titles in every row.
    """

    CHOICES = [("not looked at", None), ("fits", True), ("does not", False)]

    def __init__(self, pairs: pd.DataFrame):
        self.still = {"text/plain": pairs.reset_index(drop=True).to_string()}, {}
        self.buttons = [
            ipywidgets.Dropdown(
                options=self.CHOICES,
                value=None,
                description=f"{pair.query}: {pair.neighbor}",
                style={"description_width": "min(26em, 60%)"},
                layout={"width": "min(40em, 98%)"},
            )
            for pair in pairs.itertuples()
        ]
        super().__init__(self.buttons)

    @property
    def summary(self) -> ipywidgets.HTML:
        """How many pairs are labeled, and the precision."""
        return self.shown

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
        return test.statistic, *test.proportion_ci(method="wilson")

    def _renew(self) -> None:
        done = self.labels.notna().sum()
        mean, low, high = self.precision()
        figure = f"precision {mean:.2f} [{low:.2f}, {high:.2f}]" if done else "no label yet"
        self.shown.value = f"{done} of {len(self.buttons)}: {figure}"


class CapacityPlanner(_Controls):
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
        super().__init__(list(self.sliders.values()))

    def _renew(self) -> None:
        self.plan = plan(**{name: slider.value for name, slider in self.sliders.items()}, **self.settings)
        table = pd.DataFrame({"needed": [f"{value:,.4g}" for value in self.plan]}, index=self.plan._fields)
        self.still = {"text/plain": table.to_string(header=False)}, {}
        self.shown.value = table.to_html(header=False)
