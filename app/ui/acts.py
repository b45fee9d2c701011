"""What was clicked in a component on a page other than the search page leads there, or to Describe."""

import streamlit as st

from app.ui.gallery import take_act
from app.ui.question import Question, similar_to


def follow_act() -> None:
    """Goes where the last click leads; nothing where there was none."""
    match take_act():
        case ("similar", int(photo_id)):
            st.switch_page("app_pages/search.py", query_params=similar_to(photo_id).address())
        case ("ask", str(text)):
            st.switch_page("app_pages/search.py", query_params=Question(text).address())
        case ("describe", int(photo_id)):
            st.switch_page("app_pages/describe.py", query_params={"photo": str(photo_id)})
