"""Why an answer has nothing in it: the conditions that no photo meets."""

from dataclasses import replace

from app.query import Query
from app.search import Search


def emptied(search: Search, query: Query) -> str:
    """What leaves an answer empty, such as "no photo meets folder:Itly", in the query language."""
    if at_fault := [condition for condition in query.conditions if not search.any_meets(condition)]:
        return f"no photo meets {', nor '.join(map(str, at_fault))}"
    if len(query.conditions) > 1:
        together = replace(query, text="", photos=(), images=(), weighted=(), minus=())
        if not search.any_meets(together):
            return f"no photo meets all of {together}"
    return "nothing matches"
