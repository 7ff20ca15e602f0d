"""Anybody's ratings from a file: every number and time is read rightly, or its line is named."""

import warnings

import numpy as np
import pandas as pd
import pytest

from helpers.data import LIKED, as_stars, from_stars, like_of, read_ratings_csv


def write(path, *rows, columns="user,item,rating"):
    path.write_text("\n".join([columns, *rows, ""]), encoding="utf-8")
    return path


def read(path, **options):
    return read_ratings_csv(path, "user", "item", "rating", **options)


def test_ratings_stay_on_their_scale_and_say_what_is_a_like(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,0", "a,y,10", "b,x,5", "b,y,2.5")
    ratings = read(path, scale=(0, 10))
    assert ratings["rating"].tolist() == [0, 10, 5, 2.5]
    assert ratings.columns.tolist() == ["user_id", "movie_id", "rating"]
    assert ratings.attrs["scale"] == (0, 10)
    assert like_of(ratings.attrs["scale"]) == pytest.approx(7.7778)
    assert read(path, scale=(0, 10), liked=6).attrs["scale"] == (0, 10, 6)
    assert as_stars(ratings["rating"], (0, 10)).tolist() == [0.5, 5.0, 2.75, 1.625]


def test_a_decimal_comma_is_a_comma(tmp_path):
    path = write(tmp_path / "r.csv", "a;x;4,5", "a;y;,5", "a;z;3", columns="user;item;rating")
    assert read(path)["rating"].tolist() == [4.5, 0.5, 3.0]


@pytest.mark.parametrize("cell", ["inf", "nan", "-inf", "1e1", "4/5", "six", "", "6", "0x4", "1_0", "NA"])
def test_what_is_no_rating_names_the_line_of_the_editor(tmp_path, cell):
    path = write(tmp_path / "r.csv", '"a\nb",x,4', "", f"a,y,{cell}")
    with pytest.raises(ValueError, match=rf"r\.csv, line 5: rating '{cell}' is not a rating from 0\.5 to 5") as caught:
        read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("row", [",x,4", "NULL,x,4", "\\N,x,4", "a,,4", "a,nan,4"])
def test_a_missing_user_or_item_names_its_line(tmp_path, row):
    with pytest.raises(ValueError, match=r"r\.csv, line 3: (user|item) '.*' is missing"):
        read(write(tmp_path / "r.csv", "a,x,4", row))


@pytest.mark.parametrize("scale", [(5, 1), (1, 1), (float("nan"), 5), (0, float("inf"))])
def test_a_scale_goes_up(tmp_path, scale):
    with pytest.raises(ValueError, match="the lowest rating comes first, then the highest"):
        read(write(tmp_path / "r.csv", "a,x,4"), scale=scale)


IMPLICIT = [*(f"a,{item},0" for item in "abcdef"), "a,g,7", "b,a,10", "b,c,3"]


def test_many_zeros_are_asked_about(tmp_path):
    path = write(tmp_path / "r.csv", *IMPLICIT)
    with pytest.raises(ValueError, match=r"6 of 9 ratings are 0.*'not rated'.*--zeros missing.*--zeros rating"):
        read(path, scale=(0, 10))
    assert read(path, scale=(0, 10), zeros="rating")["rating"].eq(0).sum() == 6
    with pytest.warns(UserWarning, match="6 of 9 rows left out .not rated."):
        assert read(path, scale=(0, 10), zeros="missing")["rating"].tolist() == [7, 10, 3]


def test_zeros_of_a_scale_from_one_are_hinted_at_and_left_out(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,7", "a,y,-1", "a,z,0", "b,x,3")
    with pytest.raises(
        ValueError,
        match=r"line 3: rating '-1' is not a rating from 1 to 10\. If 0, -1 or an empty cell means 'not rated'",
    ):
        read(path, scale=(1, 10))
    with pytest.warns(UserWarning, match="2 of 4 rows left out"):
        assert len(read(path, scale=(1, 10), zeros="missing")) == 2


def test_zeros_on_a_scale_below_zero_and_likes_are_ratings(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,-1", "a,y,0", "a,z,0", "b,x,1")
    assert len(read(path, scale=(-1, 1))) == 4
    assert len(read(write(tmp_path / "likes.csv", "a,x,0", "a,y,0", "a,z,1"), scale=(0, 1))) == 3
    with pytest.raises(ValueError, match="zeros is 'missing' or 'rating', not 'drop'"):
        read(path, zeros="drop")


def test_nothing_but_zeros_is_nothing(tmp_path):
    with pytest.raises(ValueError, match="no row of 2 has a rating"):
        read(write(tmp_path / "r.csv", "a,x,0", "a,y,0"), scale=(0, 10), zeros="missing")
    with pytest.raises(ValueError, match="there is no row below the header"):
        read(write(tmp_path / "empty.csv"))


TIMES = {
    "seconds": (["978307200", "978307201.5"], [978307200, 978307201.5]),
    "days": (["2001-01-01", "2001-01-02"], [978307200, 978393600]),
    "zones": (["2001-01-01T02:00:00+02:00", "2001-01-01T00:00:00Z"], [978307200, 978307200]),
    "years": (["2001", "2002"], [978307200, 1009843200]),
    "digits of days": (["20010101", "20010102"], [978307200, 978393600]),
}


@pytest.mark.parametrize(("cells", "seconds"), TIMES.values(), ids=TIMES)
def test_times_become_seconds(tmp_path, cells, seconds):
    rows = [f"a,{place},4,{cell}" for place, cell in enumerate(cells)]
    path = write(tmp_path / "r.csv", *rows, columns="user,item,rating,when")
    assert read(path, time_column="when")["timestamp"].tolist() == seconds


@pytest.mark.parametrize(("zeros", "unit"), [("000", "milli"), ("000000", "micro"), ("000000000", "nano")])
def test_times_in_smaller_units_are_told(tmp_path, zeros, unit):
    path = write(tmp_path / "r.csv", f"a,x,4,978307200{zeros}", columns="user,item,rating,when")
    with pytest.warns(UserWarning, match=rf"r\.csv: when is read as {unit}seconds"):
        assert read(path, time_column="when")["timestamp"].tolist() == [978307200]


@pytest.mark.parametrize(
    "cells", [("978307200", "soon"), ("2001-01-01", "01/02/2001"), ("2001-01-01", ""), ("1", "inf")]
)
def test_what_is_no_time_names_its_line(tmp_path, cells):
    rows = [f"a,{place},4,{cell}" for place, cell in enumerate(cells)]
    path = write(tmp_path / "r.csv", *rows, columns="user,item,rating,when")
    with pytest.raises(ValueError, match=rf"r\.csv, line 3: when '{cells[1]}' is not a time"):
        read(path, time_column="when")


@pytest.mark.parametrize(("cells", "line", "unit"), [(["978307200", "978307200000"], 3, ""), (["9" * 31], 2, "nano")])
def test_a_time_in_another_unit_than_the_rest_names_its_line(tmp_path, cells, line, unit):
    rows = [f"a,{place},4,{cell}" for place, cell in enumerate([*cells, *3 * cells[:1]])]
    path = write(tmp_path / "r.csv", *rows, columns="user,item,rating,when")
    with (
        warnings.catch_warnings(),
        pytest.raises(ValueError, match=rf"line {line}: when '.*' as {unit}seconds since 1970"),
    ):
        warnings.simplefilter("ignore")
        read(path, time_column="when")


def test_one_column_may_serve_twice(tmp_path):
    ratings = read_ratings_csv(write(tmp_path / "r.csv", "a,x,4"), "user", "user", "rating")
    pd.testing.assert_series_equal(ratings["user_id"], ratings["movie_id"], check_names=False)


def test_thumbs_are_ratings_of_nought_and_one(tmp_path):
    ratings = read(write(tmp_path / "r.csv", "a,x,up", "a,y,Down", "b,x,👍", "b,y,no"))
    assert ratings["rating"].tolist() == [1, 0, 1, 0]
    assert as_stars(ratings["rating"], ratings.attrs["scale"]).tolist() == [5, 0.5, 5, 0.5]
    with pytest.raises(ValueError, match="line 3: rating 'perhaps' is not a rating"):
        read(write(tmp_path / "r.csv", "a,x,up", "a,y,perhaps", "a,z,down"))


def test_percent_are_ratings_up_to_a_hundred(tmp_path):
    ratings = read(write(tmp_path / "r.csv", "a,x,85%", "a,y,7.5 %"))
    assert ratings["rating"].tolist() == [85, 7.5]
    assert ratings.attrs["scale"] == (0, 100)
    with pytest.raises(ValueError, match="line 3: rating '120%' is not a rating from 0 to 100"):
        read(write(tmp_path / "r.csv", "a,x,85%", "a,y,120%", "a,z,1%"))


def test_counts_are_added_up_and_every_use_is_a_like(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,3", "a,y,1", "a,x,4", "b,x,0", "b,y,2")
    with pytest.warns(UserWarning, match="1 of 5 rows left out .not rated."):
        ratings = read(path, scale="counts")
    assert ratings.to_numpy().tolist() == [["a", "x", 7], ["a", "y", 1], ["b", "y", 2]]
    assert ratings.attrs["scale"] == (0, 7, 1)
    assert (as_stars(ratings["rating"], ratings.attrs["scale"]) >= LIKED).all()
    with pytest.warns(UserWarning):
        ratings = read(path, scale="counts", liked=2)
    assert (as_stars(ratings["rating"], ratings.attrs["scale"]) >= LIKED).tolist() == [True, False, True]


def test_rows_without_a_rating_count_one_use_each(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,10", "a,x,30", "b,y,20", columns="user,item,when")
    ratings = read_ratings_csv(path, "user", "item", time_column="when")
    assert ratings.to_numpy().tolist() == [["a", "x", 2, 30], ["b", "y", 1, 20]]


@pytest.mark.parametrize(
    "scale", [(1, 5), (1, 10), (0, 100), (-1, 1), (0, 1), (1, 10, 6), (0, 9, 1), (1, 5, 1), (1, 5, 5)]
)
def test_stars_and_back_is_the_same_rating(scale):
    ratings = np.linspace(*scale[:2], 9)
    stars = as_stars(ratings, scale)
    assert (np.diff(stars) > 0).all()
    assert (stars >= 0.5).all() and (stars <= 5).all()
    np.testing.assert_allclose(from_stars(stars, scale), ratings, atol=1e-5)
    assert ((stars >= LIKED) == (ratings >= like_of(scale) - 1e-4)).all()
    if len(scale) == 3:
        assert like_of(scale) == scale[2]


def test_the_lowest_of_a_chosen_scale_is_the_worst():
    assert as_stars([0, 1, 7, 10], (0, 10, 7)).tolist() == [0.5, 1.0, 4.0, 5.0]
    assert as_stars([-1, 0, 1], (-1, 1, 0)).tolist() == [0.5, 4.0, 5.0]


def test_a_cell_that_is_no_number_on_the_usual_scale_is_told_without_a_guess(tmp_path):
    with pytest.raises(
        ValueError, match=r"rating 'six' is not a rating from 0\.5 to 5\. Change it, or leave the line out\.$"
    ):
        read(write(tmp_path / "r.csv", "a,x,4", "b,x,six"))


def test_a_named_like_changes_nothing_where_it_is_the_usual_one():
    ratings = np.arange(1, 6)
    np.testing.assert_allclose(as_stars(ratings, (1, 5, 4)), as_stars(ratings, (1, 5)))


def test_usual_likes_are_those_of_a_five_star_scale():
    assert [like_of(scale) for scale in [(0.5, 5), (1, 5), (1, 10)]] == [4, 4, 8]


def test_a_like_has_to_be_on_the_scale(tmp_path):
    with pytest.raises(ValueError, match="a like from 11 on is not on the scale from 1 to 10"):
        read(write(tmp_path / "r.csv", "a,x,4"), scale=(1, 10), liked=11)


def test_ratings_of_another_scale_are_told_which_one_it_may_be(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,4", "a,y,9", "b,x,1")
    with pytest.raises(ValueError, match=r"line 3: rating '9'.*The file goes from 1 to 9.*--scale 1 9.*--counts"):
        read(path)
    with pytest.raises(ValueError, match=r"line 3: rating '-1'.*--scale -1 1 "):
        read(write(tmp_path / "r.csv", "a,x,1", "a,y,-1", "b,x,1"))


def test_what_may_mean_not_rated_is_not_offered_as_the_worst_rating_alone(tmp_path):
    for unrated in ("-1", "0", ""):
        path = write(tmp_path / "r.csv", "a,x,7", f"a,y,{unrated}", "b,x,10", "b,y,2")
        with pytest.raises(ValueError, match=r"'not rated', --scale 2 10 --zeros missing; or say --counts"):
            read(path)
        with pytest.warns(UserWarning, match="1 of 4 rows left out .not rated."):
            assert read(path, scale=(2, 10), zeros="missing")["rating"].tolist() == [7, 10, 2]


def test_a_cell_without_a_rating_may_mean_not_rated(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,4", "a,y,", "b,x,NA", "b,y,2")
    with pytest.raises(
        ValueError, match=r"line 3: rating '' is not a rating .* an empty cell means 'not rated': --zer"
    ):
        read(path)
    with pytest.warns(UserWarning, match="2 of 4 rows left out .not rated."):
        assert len(read(path, zeros="missing")) == 2


def test_minus_one_is_a_rating_of_a_scale_that_begins_with_it(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,-1", "a,y,0", "b,x,1")
    with pytest.warns(UserWarning, match="1 of 3 rows left out"):
        assert read(path, scale=(-1, 1), zeros="missing")["rating"].tolist() == [-1, 1]
    with pytest.warns(UserWarning, match="2 of 3 rows left out"):
        assert read(path, scale=(0.5, 1), zeros="missing")["rating"].tolist() == [1]


def test_a_file_that_is_half_thumbs_is_not_one_of_thumbs(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,4", "a,y,up")
    with pytest.raises(ValueError, match=r"r\.csv, line 3: rating 'up' is not a rating from 0\.5 to 5"):
        read(path)


def test_a_time_of_day_behind_a_date_without_signs_is_no_number_of_milliseconds(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,4,20200131183000", "b,x,4,202001311830", columns="user,item,rating,when")
    assert read(path, time_column="when")["timestamp"].tolist() == [1580495400, 1580495400]


@pytest.mark.parametrize("cells", [("1580495400", "1580495400000", "1580495401000")])
def test_a_time_far_from_the_rest_names_its_line(tmp_path, cells):
    rows = [f"a,x{number},4,{cell}" for number, cell in enumerate(cells)]
    line = 2 if cells[0].isdigit() else 3
    with pytest.raises(ValueError, match=rf"r\.csv, line {line}: when '{cells[line - 2]}' is (in a different|after)"):
        read(write(tmp_path / "r.csv", *rows, columns="user,item,rating,when"), time_column="when")


@pytest.mark.parametrize(
    ("cells", "ratings", "scale"),
    [
        (["4/5", "3.5 / 5", "0/5"], [4, 3.5, 0], (0, 5)),
        (["8 out of 10", "3 out of 10", "9"], [8, 3, 9], (0, 10)),
        (["★★★★", "★★½☆☆", "⭐️"], [4, 2.5, 1], (0.5, 5)),
        (["4 stars", "1 Star", "2.5"], [4, 1, 2.5], (0.5, 5)),
        (["٤٫٥", "３", "१"], [4.5, 3, 1], (0.5, 5)),
        (["👍", "👍🏽", "👎🏿"], [1, 1, 0], (0, 1)),
    ],
)
def test_ratings_as_people_write_them(tmp_path, cells, ratings, scale):
    found = read(write(tmp_path / "r.csv", *(f"u,{place},{cell}" for place, cell in enumerate(cells))))
    assert (found["rating"].tolist(), found.attrs["scale"]) == (ratings, scale)


def test_parts_of_several_wholes_are_no_scale(tmp_path):
    with pytest.raises(ValueError, match=r"line 2: rating '4/5' is not a rating"):
        read(write(tmp_path / "r.csv", "a,x,4/5", "a,y,7/10"))


@pytest.mark.parametrize("cell", ["1.000", '"1,000"', "12.500", "1.250.000"])
def test_a_count_in_thousands_is_not_taken_for_a_decimal(tmp_path, cell):
    with pytest.raises(ValueError, match=r"line 3: rating .* may be a thousand or a decimal"):
        read(write(tmp_path / "r.csv", "a,x,7", f"a,y,{cell}"), scale="counts")
    assert read(write(tmp_path / "r.csv", "a,x,7", "a,y,1.5"), scale="counts")["rating"].tolist() == [7, 1.5]


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_that_no_clock_reaches_is_named_with_its_line(tmp_path, day):
    path = write(tmp_path / "r.csv", "a,x,4,2020-01-01", f"a,y,4,{day}", columns="user,item,rating,t")
    with pytest.raises(ValueError, match=rf"r\.csv, line 3: t '{day}' is not a time"):
        read(path, time_column="t")


@pytest.mark.parametrize("scale", ["x", "1 5", 5, (1,), ("a", "b")])
def test_what_is_no_scale_is_refused_with_an_example(tmp_path, scale):
    with pytest.raises(ValueError, match=r"scale is .*such as \(1, 10\)"):
        read(write(tmp_path / "r.csv", "a,x,4"), scale=scale)


def test_the_scale_of_one_file_with_its_likes_reads_the_next(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,4")
    scale = read(path, scale=(1, 10), liked=7).attrs["scale"]
    assert read(path, scale=scale).attrs["scale"] == scale == (1, 10, 7)
    assert read(path, scale=scale, liked=8).attrs["scale"] == (1, 10, 8)


def test_columns_and_likes_that_are_none_are_refused_in_one_line(tmp_path):
    path = write(tmp_path / "r.csv", "a,x,4")
    with pytest.raises(ValueError, match="name the columns of users and of items"):
        read_ratings_csv(path, "user", None, "rating")
    with pytest.raises(ValueError, match="liked is a rating, not 'x'"):
        read(path, liked="x")


def test_ids_that_a_program_made_numbers_of_are_those_that_they_were():
    rows = pd.DataFrame({"u": ["12.0", "12", "3.0"], "i": ["007", "7.0", "v1.0"], "r": ["1", "2", "3"]})
    read = read_ratings_csv(rows, "u", "i", "r")
    assert read["user_id"].tolist() == ["12", "12", "3"]
    assert read["movie_id"].tolist() == ["007", "7.0", "v1.0"]


@pytest.mark.parametrize(("days", "first"), [(["18262", "18293.5"], 1970), (["43831", "43862.5"], 1900)])
def test_days_are_times_from_1970_or_as_excel_counts_them(days, first):
    rows = pd.DataFrame({"u": ["a", "b"], "i": ["x", "y"], "r": ["1", "2"], "t": days})
    with pytest.warns(UserWarning, match=f"t is read as days since {first}"):
        read = read_ratings_csv(rows, "u", "i", "r", "t")
    assert pd.to_datetime(read["timestamp"], unit="s").dt.strftime("%F %H").tolist() == [
        "2020-01-01 00",
        "2020-02-01 12",
    ]


@pytest.mark.parametrize(("time", "left"), [(None, [2, 3]), ("t", [1, 3])])
def test_who_rates_an_item_again_changes_the_rating(time, left):
    rows = pd.DataFrame({"u": list("aab"), "i": list("xxx"), "r": ["1", "2", "3"], "t": ["2021", "2020", "2020"]})
    with pytest.warns(UserWarning, match="1 ratings were replaced by later ones"):
        assert read_ratings_csv(rows, "u", "i", "r", time)["rating"].tolist() == left
