"""Describe: a photo in, words out."""

import streamlit as st

from app.describe import Description
from app.photos import encode_picture, get_photo, stored_vectors
from app.services import current
from app.ui.bars import bars
from app.ui.faults import faults_told
from app.ui.picture import facts, picture
from app.vocabularies import DEFAULT_VOCABULARY
from indexer.vectors.base import Vectors

services = current()
photo_id = st.query_params.get("photo", "")


def chosen() -> Vectors | None:
    """Shows the photo to describe, from the library or dropped in, and gives back its vector (dim,)."""
    dropped = st.file_uploader("Drop a picture here, or choose Describe on any search result", max_upload_size=64)
    if dropped is not None:
        vector = encode_picture(services.library, dropped.getvalue())
        st.image(dropped, alt="The picture you gave")
        return vector
    if photo_id.isdecimal():
        photo = get_photo(services.library, int(photo_id))
        picture(photo, key="described")
        facts(photo)
        return stored_vectors(services.library, [photo.id])[1][0]
    return None


def described(vector: Vectors) -> list[Description]:
    """The likeliest tags or lines, as the person chose."""
    source = st.segmented_control("Choose among", ["A vocabulary", "My own lines"], default="A vocabulary")
    if source == "My own lines":
        lines = st.text_area("One caption a line", placeholder="a sunset over the sea\na birthday party", height=160)
        return services.describe.by_captions(vector, lines.splitlines()) if lines.strip() else []
    names = list(services.describe.vocabularies)
    name = st.selectbox("Vocabulary", names, index=names.index(DEFAULT_VOCABULARY)) if len(names) > 1 else names[0]
    return services.describe.by_vocabulary(vector, name)


left, right = st.columns([3, 2], gap="large")
with faults_told():
    with left:
        vector = chosen()
    with right:
        if vector is None:
            st.info("Give a picture, and its likeliest descriptions appear here.", icon=":material/label:")
        else:
            bars(described(vector))
