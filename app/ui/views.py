"""The views of a page, one shown at a time; the page's address holds which."""

from collections.abc import Mapping

import streamlit as st


def chosen_view(label: str, views: Mapping[str, str], parameter: str) -> str:
    """Buttons for `views` (name in the address: name on the button), and which of them is shown: at first the first.

    Args:
        label: what is chosen, for those who hear the page.
        parameter: of the page's address.
    """
    key = f"view-{parameter}"

    def chosen() -> None:
        st.query_params[parameter] = st.session_state[key]

    asked = st.query_params.get(parameter, "")
    shown = asked if asked in views else next(iter(views))
    st.session_state[key] = shown
    st.segmented_control(
        label,
        list(views),
        key=key,
        format_func=views.__getitem__,
        required=True,
        on_change=chosen,
        label_visibility="collapsed",
    )
    return shown
