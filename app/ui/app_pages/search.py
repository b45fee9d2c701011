"""Search: a description or a picture in, photos out."""

from dataclasses import replace

import streamlit as st

from app.errors import AppError, QueryError
from app.filters import Filter
from app.photos import get_photo
from app.query import Query
from app.ranking import DEFAULT_RANKING, Ranking
from app.services import current
from app.ui.gallery import Answer, gallery, take_act
from app.ui.picture import picture
from app.ui.question import Question, photos_asked_with, similar_to
from indexer.errors import IndexerError

PAGE = 60  # photos that come with the page; those behind them are asked for as they come into view
EXAMPLES = ("a cat", "a cup of coffee", "portrait of a woman", "boats on the water", "a rocket launch")
EVERYTHING = Query(filters=(Filter("kind", "photo|raw|video"),))


def ask(question: Question) -> None:
    """Asks something: from a callback, or before the box is drawn."""
    st.query_params.from_dict(question.address())
    st.session_state["q"] = question.text
    if question.picture is None:  # a new uploader, without the picture of the old one
        st.session_state["dropped"] = st.session_state.get("dropped", 0) + 1


def begin() -> Question:
    """What is asked: by the address, unless something was clicked since the last run."""
    question = Question.of_address(st.query_params)
    match take_act():
        case ("similar", int(photo_id)):
            ask(question := similar_to(photo_id))
        case ("like" | "dislike" as said, int(photo_id)):
            ask(question := question.said(photo_id, said == "like"))
        case ("ask", str(text)):
            ask(question := Question(text))
        case ("again", _):
            st.session_state.pop("answer", None)
        case ("describe", int(photo_id)):
            st.switch_page("app_pages/describe.py", query_params={"photo": str(photo_id)})
    st.session_state.setdefault("q", question.text)
    return question


def ask_text() -> None:
    ask(replace(Question.of_address(st.query_params), text=st.session_state["q"]))


def ask_example() -> None:
    ask(Question(st.session_state.pop("example")))


def answer_to(query: Query, ranking: Ranking) -> Answer:
    """The answer, found once for as long as question and library stay as they are."""
    asked = (query, ranking, services.library.catalog.revision(), services.library.fingerprint)
    if st.session_state.get("answer", (None,))[0] != asked:
        results, cursor = services.pages.first(query, PAGE, ranking)
        number = st.session_state["answers"] = st.session_state.get("answers", 0) + 1
        st.session_state["answer"] = (asked, Answer(str(number), results, cursor))
    answer: Answer = st.session_state["answer"][1]
    return answer


def start_page() -> None:
    """Before anything is asked: what could be, and the newest photos."""
    searchable = services.search.warm_up()
    if not searchable:
        st.info("Index a folder first, in a terminal: `sightline index ~/Pictures`", icon=":material/folder_open:")
        return
    st.caption(f"{searchable:,} photos are ready to be found. Try:")
    st.pills("Examples", EXAMPLES, key="example", on_change=ask_example, label_visibility="collapsed")
    gallery(answer_to(EVERYTHING, DEFAULT_RANKING), key="gallery")


def results_page(question: Question, query: Query) -> None:
    """What was asked with, and the photos that answer."""
    answer = answer_to(query, question.ranking)
    if like := photos_asked_with(query):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("Photos like", width="content")
            for photo_id in like:
                picture(get_photo(services.library, photo_id), key=f"like-{photo_id}", height=72)
    if query.images:
        st.image(query.images[0], width=180, caption="Photos like this picture", alt="The picture you gave")
    st.caption(told(answer))
    gallery(answer, key="gallery", feedback=bool(query.parts))


def told(answer: Answer) -> str:
    """The answer in a line."""
    results = answer.results
    if not results.hits:
        return f"None of {results.searched:,} photos meets these conditions"
    if all(hit.score is None for hit in results.hits):
        return f"{results.matches:,} of {results.searched:,} photos, newest first · {results.took_ms:.0f} ms"
    count = f"{results.matches:,} of {results.searched:,} photos match, best first"
    return f"{count if results.matches else 'No sure match; nearest first'} · {results.took_ms:.0f} ms"


services = current()
question = begin()

box, drop = st.columns([5, 2], vertical_alignment="bottom")
box.text_input(
    "Describe a photo",
    key="q",
    type="search",
    placeholder="Describe a photo: a dog on the beach, birthday cake, snow on a roof …",
    label_visibility="collapsed",
    on_change=ask_text,
)
with drop.popover("Search with a picture", icon=":material/add_photo_alternate:", width="stretch"):
    dropped = st.file_uploader(
        "Drop a picture here", key=f"picture-{st.session_state.get('dropped', 0)}", max_upload_size=64
    )
if dropped is not None:
    question = replace(question, picture=dropped.getvalue())

try:
    if query := question.query():
        results_page(question, query)
    else:
        start_page()
except QueryError as error:
    st.error(str(error), icon=":material/error:")
    if error.pointer:
        st.code(error.pointer, language=None)
except (AppError, IndexerError) as error:
    st.error(str(error), icon=":material/error:")
