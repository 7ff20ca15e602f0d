"""The small widgets of the notebooks, without a front end."""

import numpy as np
import pandas as pd
import pytest

from helpers import plots
from helpers.scale.capacity import plan
from helpers.widgets import CapacityPlanner, LabelForm, with_slider


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
    before = widget.shown.value
    widget.slider.value = 5
    assert widget.figure.alt == "Two bars, of length 1 and 5 <here>."
    assert widget.shown.value != before


def test_the_picture_has_an_escaped_alternative_text(widget):
    assert 'alt="Two bars, of length 1 and 2 &lt;here&gt;."' in widget.shown.value


def test_where_widgets_do_not_run_the_still_figure_is_shown(widget):
    data, metadata = widget._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"] == "Two bars, of length 1 and 2 <here>."
    assert data["image/png"].startswith(b"\x89PNG")
    assert "application/vnd.jupyter.widget-view+json" in data


def test_a_value_that_the_slider_does_not_have_is_refused():
    with pytest.raises(Exception, match="Invalid selection"):
        with_slider(draw, "length", [1, 2], 7)


@pytest.fixture
def form():
    return LabelForm(pd.DataFrame({"query": ["Alien"] * 4, "neighbor": ["Aliens", "Jaws", "Dune", "<b>Up</b>"]}))


def test_an_untouched_form_claims_nothing(form):
    assert np.isnan(form.precision()).all()
    assert "0 of 4: no label yet" in form.summary.value


def test_labels_give_precision_with_the_interval_of_wilson(form):
    form.buttons[0].value = True
    form.fill([True, False, True, None])
    mean, low, high = form.precision()
    share, n, z = 2 / 3, 3, 1.959963984540054  # the formula, by hand
    centre, half = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    assert (mean, low, high) == pytest.approx(
        (share, (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n))
    )
    assert "3 of 4: precision 0.67" in form.summary.value


def test_every_choice_is_labelled_with_its_pair(form):
    assert form.buttons[1].description == "Alien: Jaws"
    assert "Aliens" in form._repr_mimebundle_()[0]["text/plain"]


def test_the_planner_shows_the_plan_for_where_its_sliders_stand():
    planner = CapacityPlanner(machine_gigabytes=32)
    before = planner.shown.value
    planner.sliders["vectors"].value = 10**8
    planner.sliders["precision"].value = "int8"
    wanted = plan(10**8, 100, precision="int8", machine_gigabytes=32)
    assert planner.plan == wanted
    assert planner.shown.value != before
    assert f"{wanted.machines:,.4g}" in planner.shown.value
    assert "machines" in planner._repr_mimebundle_()[0]["text/plain"]


def test_every_slider_of_the_planner_has_a_label():
    assert all(slider.description for slider in CapacityPlanner().sliders.values())
