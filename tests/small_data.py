"""Small data for tests: real data sets of a few rows in their published form, a catalogue, and listings."""

import pandas as pd

from helpers.data import load_movies

MOVIES = 'movieId,title,genres\n10,Forrest Gump (1994),Comedy|Drama\n20,"Unknown, The (1999)",Drama\n'
LINKS = "movieId,imdbId,tmdbId\n10,0109830,13\n20,9999999,\n"
RATINGS = "userId,movieId,rating,timestamp\n1,10,4.0,964982703\n1,20,3.5,964982703\n2,10,0.5,964982704\n"
MPST = (
    "imdb_id,title,plot_synopsis,tags,split,synopsis_source\n"
    'tt0057603,I tre volti della paura,"Note: this has ""quotes"",\ncommas, and lines.\n","cult, horror",train,imdb\n'
    "tt0033045,The Shop Around the Corner,Two clerks write letters.,romantic,test,wikipedia\n"
)


def write_movielens(folder, **changed):
    files = {"movies": MOVIES, "links": LINKS, "ratings": RATINGS} | changed
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        if text is not None:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


ROWS = [
    ["Die Brücke", "Seven boys\nhold a bridge."],
    ["NA", "A title that pandas takes for nothing."],
    ["1917", "Two runners."],
]


def write_csv(path, rows=ROWS, columns=("name", "plot"), encoding="utf-8", **options):
    pd.DataFrame(rows, columns=list(columns)).to_csv(path, index=False, encoding=encoding, **options)
    return path


def load(path):
    return load_movies(path, title_column="name", text_column="plot")


def listings(rows, columns=("title", "year", "synopsis")):
    return pd.DataFrame(
        [dict(zip(columns, row, strict=False)) for row in rows],
        index=range(100, 100 + len(rows)),
        columns=list(columns),
    )


def found(pairs):
    return {tuple(pair) for pair in pairs.loc[pairs["duplicate"], ["left", "right"]].to_numpy().tolist()}
