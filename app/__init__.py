"""app: the faces of Sightline - search, API, web pages and command line - over one library."""

import gc

gc.set_threshold(50_000, 20)  # with the default of 700, a fifth of the time to start goes into looking for garbage
