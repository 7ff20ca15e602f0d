"""The small widgets of the notebooks, without a front end."""

import pandas as pd
import pytest

from helpers import plots
from helpers.widgets import with_slider


def draw(number):
    bars = pd.Series([1, number], index=["one", "other"])
    return plots.bars(bars, title=f"Up to {number}", xlabel="x", alt=f"Two bars, of length 1 and {number} <here>.")


@pytest.fixture
def widget():
    return with_slider(draw, "length of the other", [1, 2, 5], 2)


def test_it_shows_the_figure_of_its_first_value(widget):
    assert widget.figure.alt == "Two bars, of length 1 and 2 <here>."
    assert widget.slider.description == "length of the other"


def test_moving_the_slider_draws_again(widget):
    before = widget.picture.value
    widget.slider.value = 5
    assert widget.figure.alt == "Two bars, of length 1 and 5 <here>."
    assert widget.picture.value != before


def test_the_picture_has_an_escaped_alternative_text(widget):
    assert 'alt="Two bars, of length 1 and 2 &lt;here&gt;."' in widget.picture.value


def test_where_widgets_do_not_run_the_still_figure_is_shown(widget):
    data, metadata = widget._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"] == "Two bars, of length 1 and 2 <here>."
    assert data["image/png"].startswith(b"\x89PNG")
    assert "application/vnd.jupyter.widget-view+json" in data


def test_a_value_that_the_slider_does_not_have_is_refused():
    with pytest.raises(Exception, match="Invalid selection"):
        with_slider(draw, "length", [1, 2], 7)
