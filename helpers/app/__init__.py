"""The final app: find films, say what you like, steer what is recommended, and see why.

| module | holds |
|---|---|
| `state` | what the visitor wants: taste, filters, question; plain values that never change, and how they are kept |
| `reading` | what somebody means by what they type: a title, people, or a story |
| `catalogue` | what answers: films, vectors, spaces, lists, reasons, the map; no widget |
| `pages` | answers as HTML, from the templates in ``parts``, which escape everything from data |
| `share` | a list to take away, as a table or a page |
| `latest` | work beside the kernel, of which only the newest counts |
| `view` | the widget that puts all of it together; its browser's part are ``app.js``, ``search.js`` and ``map.js`` |
| `server` | Voila, which gives the app to browsers of this machine, a kernel for each tab |
"""
