"""Tags that the library keeps of photos, its owner's and those that were suggested."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "photo_tag",
        sa.Column("photo_id", sa.Integer, sa.ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tag", sa.String, primary_key=True, index=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("encoder_id", sa.Integer),
        sa.Column("probability", sa.Double),
    )
