"""app: the faces of Sightline - search, API, web pages and command line - over one library."""
