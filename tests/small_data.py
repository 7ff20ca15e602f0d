"""Real data sets of a few rows, in their published form."""

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
