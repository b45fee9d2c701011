"""Albums, of photos or of what a search finds."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "album",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("query", sa.String),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "album_content",
        sa.Column("album_id", sa.Integer, sa.ForeignKey("album.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("content_id", sa.Integer, sa.ForeignKey("content.id"), primary_key=True, index=True),
    )
