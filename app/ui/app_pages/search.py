"""Search: a description or a picture in, photos out."""

import streamlit as st

from app.counts import count_of
from app.emptied import emptied
from app.errors import QueryError
from app.filters import Filter
from app.query import Query
from app.ranking import DEFAULT_RANKING, Ranking
from app.services import current
from app.ui.albums import save_search
from app.ui.asking import ask, asked, asked_with, picture_box, search_box
from app.ui.controls import controls
from app.ui.faults import faults_told, tell_fault
from app.ui.first_run import first_run
from app.ui.gallery import Answer, gallery, take_act
from app.ui.plain import plain
from app.ui.question import Question, similar_to
from app.ui.running import running
from indexer.folders import list_folders

PAGE = 60  # photos that come with the page; those behind them are asked for as they come into view
EXAMPLES = ("a cat", "a cup of coffee", "portrait of a woman", "boats on the water", "a rocket launch")
EVERYTHING = Query(filters=(Filter("kind", "photo|raw|video"),))


def begin() -> None:
    """Takes over what was clicked in the gallery since the last run."""
    match take_act():
        case ("similar", int(photo_id)):
            ask(similar_to(photo_id))
        case ("like" | "dislike" as said, int(photo_id)):
            ask(asked().said(photo_id, said == "like"))
        case ("ask", str(text)):
            ask(Question(text))
        case ("again", _):
            st.session_state.pop("answer", None)
        case ("describe", int(photo_id)):
            st.switch_page("app_pages/describe.py", query_params={"photo": str(photo_id)})


def answer_to(query: Query, ranking: Ranking) -> Answer:
    """The answer, found once for as long as question and library stay as they are."""
    key = (query, ranking, services.library.catalog.revision(), services.library.fingerprint)
    if st.session_state.get("answer", (None,))[0] != key:
        results, cursor = services.pages.first(query, PAGE, ranking)
        number = st.session_state["answers"] = st.session_state.get("answers", 0) + 1
        st.session_state["answer"] = (key, Answer(str(number), results, cursor))
    answer: Answer = st.session_state["answer"][1]
    return answer


def ask_example() -> None:
    ask(Question(st.session_state.pop("example")))


def start_page() -> None:
    """Before anything is asked: what could be, and the newest photos."""
    searchable = services.search.catch_up()
    if not searchable:
        with services.library.catalog.reading() as session:
            waiting = bool(list_folders(session))
        if waiting:
            running(services, "index", "retry-failed")
            st.info("No photo has been looked at yet.", icon=":material/hourglass_empty:")
            st.page_link("app_pages/library.py", label="To the library", icon=":material/photo_library:")
        elif first_run(services) is not None:
            st.switch_page("app_pages/library.py")
        return
    st.caption(f"{count_of(searchable, 'photo')} ready to be found. Try:")
    st.pills("Examples", EXAMPLES, key="example", on_change=ask_example, label_visibility="collapsed")
    gallery(answer_to(EVERYTHING, DEFAULT_RANKING), key="gallery")


def results_page(question: Question, query: Query) -> None:
    """What was asked with, and the photos that answer."""
    asked_with(services, question, query)
    answer = answer_to(query, question.ranking)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(told(answer, query), width="content")
        if question.text and question.picture is None:
            save_search(services, question)
    words = question.text if any(isinstance(part.of, str) for part in query.parts) else ""
    gallery(answer, key="gallery", feedback=bool(query.parts), words=words)


def told(answer: Answer, query: Query) -> str:
    """The answer in a line."""
    results = answer.results
    if not results.hits:
        why = plain(emptied(services.search, query))
        return f"Of {count_of(results.searched, 'photo')}, {why}. Take a condition out of the box, or widen it."
    if all(hit.score is None for hit in results.hits):
        return f"{results.matches:,} of {count_of(results.searched, 'photo')}, newest first · {results.took_ms:.0f} ms"
    count = f"{results.matches:,} of {count_of(results.searched, 'photo')} match, best first"
    return f"{count if results.matches else 'No sure match; nearest first'} · {results.took_ms:.0f} ms"


def told_wrong(error: QueryError) -> None:
    """What cannot be read in the box, right under it, with a mark under the character at fault."""
    tell_fault(error)
    if error.pointer:
        st.code(error.pointer, language=None)
    st.caption(
        'The query language in short: `a dog -people date:2019 folder:Italy "exact words" kind:video rating:>=4`'
    )


services = current()
begin()
with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="ask-row"):
    search_box()
    picture_box()
    controls(services)
question = asked()
with faults_told():
    try:
        if query := question.query():
            results_page(question, query)
        else:
            start_page()
    except QueryError as error:
        told_wrong(error)
