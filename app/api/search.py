"""Searching: by text, by photos of the library, by a picture, or by several of these."""

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Query as Parameter
from pydantic import BaseModel, Field

from app.api.photos import PhotoId, PhotoOut, shown
from app.api.requests import SearchIn
from app.api.serving import Serving
from app.language import parse
from app.query import MAX_TEXT, Query
from app.search import MAX_RESULTS, Hit, Results
from app.services import Services

router = APIRouter()

Count = Annotated[int, Parameter(ge=1, le=MAX_RESULTS)]


class ItemOut(PhotoOut):
    score: float | None = Field(description="cosine to the query; null where nothing is described")
    relevance: float = Field(description="how probably it answers the query, 0..1")
    time_s: float | None = Field(None, description="of a video: the second at which it shows that; `preview` is of it")
    alike: int = Field(0, description="how many further photos answer that show the same, where they are folded")
    alike_ids: list[int] = Field([], description="their ids, best first")


class SearchOut(BaseModel):
    items: list[ItemOut]
    next_cursor: str | None = Field(description="asks for the items after these; null where there are none")
    matches: int = Field(description="how many photos match from here on, counted among the best few hundred")
    matches_end: int | None = Field(description="how many of the items match, where others follow; else null")
    searched: int = Field(description="photos in the index")
    took_ms: float
    encoder: str
    names: list[str] = Field(description="names that were taught and that the query was understood to have")


@router.post("/search", tags=["search"], response_model=SearchOut)
def search(live: Serving, body: SearchIn) -> Response:
    """Photos best for a query: text, photos of the library, a picture, or several of these."""
    services = live.now()
    if body.cursor is not None:
        return answer(services, *services.pages.next(body.cursor, body.k))
    return answer(services, *services.pages.first(body.asked(services.library.settings), body.k, body.ranking()))


@router.get("/search", tags=["search"], response_model=SearchOut)
def search_by_text(
    live: Serving,
    q: Annotated[str, Parameter(min_length=1, max_length=MAX_TEXT, examples=["a dog on the beach"])],
    k: Count = 20,
) -> Response:
    """Photos best for a line of the query language."""
    services = live.now()
    return answer(services, services.search(parse(q), k))


@router.get("/photos/{photo_id}/similar", tags=["photos"], response_model=SearchOut)
def similar(live: Serving, photo_id: PhotoId, k: Count = 20) -> Response:
    """Photos like this one."""
    services = live.now()
    return answer(services, services.search(Query(photos=(photo_id,)), k))


def item_out(hit: Hit) -> ItemOut:
    """A search result as the API shows it."""
    item = ItemOut(
        **shown(hit.photo),
        score=hit.score,
        relevance=hit.relevance,
        time_s=hit.time_s,
        alike=len(hit.alike),
        alike_ids=list(hit.alike),
    )
    if hit.time_s is not None:
        item.preview += f"&t={hit.time_s:.3f}"
    return item


def answer(services: Services, results: Results, next_cursor: str | None = None) -> Response:
    """What was found as JSON. Of a model FastAPI would check all fields once more, in another thread."""
    found = SearchOut(
        items=[item_out(hit) for hit in results.hits],
        next_cursor=next_cursor,
        matches=results.matches,
        matches_end=results.matches_end,
        searched=results.searched,
        took_ms=results.took_ms,
        encoder=services.library.encoder.name,
        names=list(results.names),
    )
    return Response(found.model_dump_json(), media_type="application/json")
