"""Figures with a slider: moving something teaches what a still picture cannot.

What the slider does is a function from a value to a figure, which works without any widget. Where widgets do not run
(on GitHub, on paper, in a test), the figure of the first value stands in the widget's place.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Sequence

import ipywidgets

from helpers.plots import CourseFigure


class SliderFigure(ipywidgets.VBox):
    """A slider above the figure that its value leads to. `figure` is the one shown now; `slider` moves it."""

    def __init__(self, draw: Callable[[object], CourseFigure], label: str, values: Sequence, value):
        self.draw = draw
        self.slider = ipywidgets.SelectionSlider(
            options=list(values),
            value=value,
            description=label,
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "min(36em, 98%)"},
        )
        self.picture = ipywidgets.HTML()
        super().__init__([self.slider, self.picture])
        self.slider.observe(self._redraw, names="value")
        self._redraw()

    def _redraw(self, change=None) -> None:
        self.figure = self.draw(self.slider.value)
        picture, _ = self.figure._repr_mimebundle_()
        coded = base64.b64encode(picture["image/png"]).decode("ascii")
        alt = html.escape(self.figure.alt)
        self.picture.value = f'<img alt="{alt}" style="max-width:100%" src="data:image/png;base64,{coded}">'

    def _repr_mimebundle_(self, **kwargs):
        """Give the widget, and the still figure for whatever cannot show widgets."""
        still, metadata = self.figure._repr_mimebundle_()
        return {**super()._repr_mimebundle_(**kwargs), **still}, metadata


def with_slider(draw: Callable[[object], CourseFigure], label: str, values: Sequence, value) -> SliderFigure:
    """Put a slider above a figure.

    Parameters
    ----------
    draw : callable
        From a value to the figure for it.
    label : str
        What the slider changes; stands at its left, and is read by screen readers.
    values : sequence
        Where the slider can stand, in order; the arrow keys go from one to the next.
    value : object
        Where it stands first.

    Returns
    -------
    SliderFigure
        A widget; as the last value of a cell it shows itself.
    """
    return SliderFigure(draw, label, values, value)
