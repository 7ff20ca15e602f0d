"""The final app: find films, say what you like, steer what is recommended, and see why.

| module | holds |
|---|---|
| `state` | what the visitor wants: taste, steering, question; plain values that never change, and the file of a taste |
| `catalogue` | what answers: films, vectors, spaces, lists, reasons; no widget |
| `pages` | answers as HTML, with everything from data escaped |
| `latest` | work beside the kernel, of which only the newest counts |
| `search` | the search box, whose browser's part is `search.js` |
| `view` | the widgets, which put all of it together |
| `server` | Voila, which gives the app to browsers of this machine, a kernel for each tab |
"""
