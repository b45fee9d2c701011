"""Names of persons, pets and things, and the pictures they were taught on."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "name",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("words", sa.String, nullable=False, unique=True),
    )
    op.create_table(
        "name_example",
        sa.Column("name_id", sa.Integer, sa.ForeignKey("name.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("content_id", sa.Integer, sa.ForeignKey("content.id"), primary_key=True, index=True),
    )
