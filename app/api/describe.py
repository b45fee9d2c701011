"""Describing: the captions, or the tags of a vocabulary, that say best what is in a photo."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Query as Parameter
from pydantic import BaseModel, Field

from app.api.photos import PhotoId, Second
from app.api.requests import DescribeIn
from app.api.serving import Serving
from app.explain import explain_photo
from app.language import parse
from app.photos import encode_picture, stored_vectors
from app.query import MAX_TEXT

router = APIRouter(tags=["describe"])


class DescriptionOut(BaseModel):
    text: str
    probability: float = Field(description="of a tag: that it holds; of a caption: that of those offered it is the one")
    score: float = Field(description="cosine to the photo")
    group: str = Field("", description="of a tag: animals, moods, colours ...")
    kinds: list["DescriptionOut"] = Field([], description="the likeliest kinds of the tag, none likelier than itself")


class DescribeOut(BaseModel):
    items: list[DescriptionOut]
    encoder: str


@router.post("/describe")
def describe(live: Serving, body: DescribeIn) -> DescribeOut:
    """The captions, or the tags of a vocabulary, that say best what is in a photo."""
    services = live.now()
    if (picture := body.picture(services.library.settings)) is not None:
        vector = encode_picture(services.library, picture)
    else:
        assert body.photo is not None
        vector = stored_vectors(services.library, [body.photo])[1][0]
    if body.captions is not None:
        found = services.describe.by_captions(vector, body.captions, body.k)
    else:
        found = services.describe.by_vocabulary(vector, body.vocabulary, body.k)
    return DescribeOut(items=[DescriptionOut(**asdict(item)) for item in found], encoder=services.library.encoder.name)


@router.get("/vocabularies")
def vocabularies(live: Serving) -> dict[str, int]:
    """The vocabularies that `describe` knows, with how many tags each has."""
    return {name: len(tags) for name, tags in live.now().describe.vocabularies.items()}


@router.get(
    "/photos/{photo_id}/why",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def why(
    live: Serving,
    photo_id: PhotoId,
    q: Annotated[str, Parameter(min_length=1, max_length=MAX_TEXT)],
    t: Second = None,
) -> Response:
    """The photo as a PNG in which the parts glow that answer a query of words; takes a second or two.

    Of a video it is the frame at the time `t`, which a hit has as `time_s`; without it, the one that answers best.
    """
    picture, explanation, _ = explain_photo(live.now(), photo_id, parse(q), t)
    return Response(explanation.over(picture), media_type="image/png")
