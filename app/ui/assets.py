"""The browser's half of the components: scripts and styles in web/, joined as each component needs them."""

from pathlib import Path

_WEB = Path(__file__).parent / "web"


def web(*names: str) -> str:
    """The files of web/, one after the other: what one declares, those behind it use."""
    return "\n".join((_WEB / name).read_text("utf-8") for name in names)
