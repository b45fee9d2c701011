"""Encoders: those of the library, and vectors of texts and pictures for other programs."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from pydantic import Base64Bytes, BaseModel, Field

from app.api.jobs import JobOut, job_out
from app.api.requests import Strict
from app.api.serving import Serving
from app.encoders import available_encoders
from app.errors import QueryError
from app.photos import encode_picture
from app.query import MAX_TEXT

router = APIRouter(tags=["encoders"])

_MOST_TEXTS, _MOST_IMAGES = 64, 16


class EncoderOut(BaseModel):
    name: str
    fingerprint: str | None = Field(description="null where it was never used here")
    dim: int | None
    vectors: int = Field(description="pictures that have one of it")
    size: int = Field(description="bytes of them")
    active: bool = Field(description="searches use it")
    building: JobOut | None = Field(description="the job that goes over to it, where there is one")


class EmbedIn(Strict):
    texts: list[Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]] = Field(
        default=[], max_length=_MOST_TEXTS, examples=[["a dog on the beach"]]
    )
    images: list[Base64Bytes] = Field(default=[], max_length=_MOST_IMAGES, description="picture files, base64")


class EmbedOut(BaseModel):
    """Vectors of length one: their dot product is the cosine."""

    texts: list[list[float]]
    images: list[list[float]]
    dim: int
    encoder: str
    encoder_fingerprint: str


@router.get("/encoders")
def encoders(live: Serving) -> list[EncoderOut]:
    """The encoders that the job `switch` can go over to, the one in use first."""
    switching = {job.encoder: job for job in live.jobs.list() if job.kind == "switch" and not job.state.is_over}
    found = []
    for one in available_encoders(live.now().library):
        job = switching.get(one.fingerprint) or switching.get(one.name)
        values = {name: value for name, value in asdict(one).items() if name != "source"}
        found.append(EncoderOut(**values, building=job_out(job) if job else None))
    return found


@router.post("/embed")
def embed(live: Serving, body: EmbedIn) -> EmbedOut:
    """The vectors of texts and pictures, in order, by the encoder in use; a text as it stands, in no prompt."""
    if not body.texts and not body.images:
        raise QueryError("expected texts or images")
    library = live.now().library
    return EmbedOut(
        texts=library.encoder.encode_texts(body.texts).tolist(),
        images=[encode_picture(library, picture).tolist() for picture in body.images],
        dim=library.encoder.dim,
        encoder=library.encoder.name,
        encoder_fingerprint=library.encoder.fingerprint,
    )
