"""Text as itself in places where Streamlit reads Markdown."""

_MARKS = r"\`*_{}[]<>()#+-.!|~:$&"


def plain(text: str) -> str:
    """Nothing in it is taken for Markdown or HTML."""
    return "".join(f"\\{c}" if c in _MARKS else c for c in text)
