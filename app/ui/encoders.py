"""Encoders: the one in use, those that the library has vectors of, another beside it on the user's own photos."""

import streamlit as st

from app.api import photo_out
from app.compare import Comparison, Side, compare
from app.counts import count_of, megabytes
from app.services import Services
from app.ui.faults import faults_told
from app.ui.gallery import remember_act
from app.ui.plain import plain
from app.ui.running import running, start
from app.ui.shelf import shelf
from indexer.encoders import KnownEncoder, forget_encoder, list_encoders
from indexer.errors import IndexerError
from indexer.settings import Settings

QUESTIONS = "a landscape with trees\na portrait of a woman\nsomething to eat"
EXAMPLES = "`ViT-B-32/laion2b_s34b_b79k` (finds far more; downloaded once), a weights file, the folder of an export"

_sides = shelf("sides")


def encoders(services: Services, may_change: bool) -> None:
    """The encoders of the library, and what another would find."""
    running(services, "switch")
    for encoder in list_encoders(services.library):
        _card(services, encoder, may_change)
    if not may_change:
        st.caption("Another encoder is chosen on the computer that has the photos.")
        return
    st.markdown("#### Another encoder, on your own photos")
    st.caption(
        "Nothing changes while you compare: both look at the same photos of yours, at most 200, and answer the same "
        "questions."
    )
    with st.form("compare", width=760):
        name = st.text_input("Encoder", placeholder="ViT-B-32/laion2b_s34b_b79k", key="other-encoder")
        st.caption(f"For example {EXAMPLES}.")
        questions = st.text_area("Questions, one a line", QUESTIONS, height=110)
        if st.form_submit_button("Compare", icon=":material/compare:", type="primary"):
            st.session_state.pop("comparison", None)
            _compare(services, name, questions.splitlines()[:6])
    if found := st.session_state.get("comparison"):
        _show(services, *found)


def _card(services: Services, encoder: KnownEncoder, may_change: bool) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(gap="xxsmall", width="stretch"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f":material/visibility: **{plain(encoder.name)}**", width="content")
                if encoder.active:
                    st.badge("In use", color="green", icon=":material/check:")
            st.caption(
                f"{count_of(encoder.vectors, 'photo')} seen · {encoder.dim} numbers each · {megabytes(encoder.size)}"
                f"  \n{encoder.fingerprint}"
            )
        if not encoder.active and may_change:
            st.button(
                "Forget",
                key=f"forget-{encoder.fingerprint}",
                icon=":material/delete:",
                help="Removes what it saw from the library, to save space. The photos stay.",
                on_click=_forget,
                args=(services, encoder.fingerprint),
            )


def _forget(services: Services, fingerprint: str) -> None:
    try:
        count = forget_encoder(services.library, fingerprint)
        st.session_state["told"] = f"what it saw of {count_of(count, 'photo')} was removed"
    except IndexerError as error:
        st.session_state["told"] = plain(str(error))


def _compare(services: Services, name: str, questions: list[str]) -> None:
    bar = st.progress(0.0, text="Loading the encoder; one that is new here is downloaded first")

    def tell(doing: str, done: int, total: int) -> None:
        bar.progress(done / total, text=f"{plain(doing)} has looked at {done} of {total} photos")

    try:
        with faults_told():
            st.session_state["comparison"] = (name.strip(), compare(services.library, name, questions, tell))
    finally:
        bar.empty()


def _show(services: Services, name: str, found: Comparison) -> None:
    now, other = found.now, found.other
    st.markdown(f"#### {plain(now.name)} and {plain(other.name)}, on {found.photos} of your photos")
    rows = {
        "Photos a second": [f"{side.photos_per_second:,.1f}" for side in (now, other)],
        "Milliseconds a question": [f"{side.ms_per_question:,.0f}" for side in (now, other)],
        "Vectors of 100,000 photos": [megabytes(100_000 * side.bytes_per_photo) for side in (now, other)],
        "Numbers a photo": [f"{side.dim:,}" for side in (now, other)],
        "Computes in": [side.precision for side in (now, other)],
    }
    lines = [f"| {what} | {first} | {second} |" for what, (first, second) in rows.items()]
    st.markdown("\n".join([f"| On this computer | {plain(now.name)} | {plain(other.name)} |", "|---|--:|--:|", *lines]))
    data = {"questions": [_question(found, i) for i in range(len(found.questions))]}
    _sides(key="sides", data=data, on_act_change=lambda: remember_act("sides"))
    st.caption(
        "The best six of each by similarity alone, seen from thumbnails. Which of them are right is for you to judge."
    )
    total = sum(encoder.vectors for encoder in list_encoders(services.library) if encoder.active)
    st.button(
        f"Go over to {plain(other.name)}",
        type="primary",
        icon=":material/swap_horiz:",
        help=f"It looks at all {total:,} photos first. Searches go on meanwhile, then go over at once.",
        on_click=start,
        args=("switch",),
        kwargs={"encoder": name},
    )


def _question(found: Comparison, i: int) -> dict[str, object]:
    common = found.in_common(i)
    sides = [_answers(side, i) for side in (found.now, found.other)]
    return {"text": found.questions[i], "common": f"{common} of {len(sides[0]['items'])} in common", "sides": sides}


def _answers(side: Side, i: int) -> dict[str, list[object]]:
    return {"name": [side.name], "items": [photo_out(photo).model_dump(mode="json") for photo in side.answers[i]]}


def settings_in_force(settings: Settings) -> list[dict[str, str]]:
    """Every setting with its value and whether someone set it; what is secret is not told."""
    told = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        shown = "" if value is None else "\n".join(map(str, value)) if isinstance(value, tuple) else str(value)
        told.append(
            {
                "Setting": name,
                "Value": shown,
                "Set": "yes" if name in settings.model_fields_set else "",
                "What it is": field.description or "",
            }
        )
    return told
