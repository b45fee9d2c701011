"""The owner's tags among the words that are written of photos."""

import sqlalchemy as sa
from alembic import op

from indexer.fulltext import DIVIDER, tokens

revision = "0010"
down_revision = "0009"
_AT_A_TIME = 1_000


def upgrade() -> None:
    connection = op.get_bind()
    tags: dict[int, list[str]] = {}
    for photo_id, tag in connection.execute(
        sa.text("SELECT photo_id, tag FROM photo_tag WHERE state = 'own' ORDER BY photo_id, tag")
    ):
        tags.setdefault(photo_id, []).append(tokens(tag))
    rows = [{"id": i, "more": "".join(f" {DIVIDER} {tag}" for tag in said)} for i, said in tags.items()]
    for start in range(0, len(rows), _AT_A_TIME):
        connection.execute(
            sa.text("UPDATE photo_text SET words = words || :more WHERE photo_id = :id"),
            rows[start : start + _AT_A_TIME],
        )
