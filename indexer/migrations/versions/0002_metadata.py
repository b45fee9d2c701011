"""What photos say of themselves, keywords, and the frames of videos."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("content", sa.Column("kind", sa.String(8), nullable=False, server_default="photo"))
    op.create_table(
        "photo_metadata",
        sa.Column("photo_id", sa.Integer, sa.ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sidecar_mtime_ns", sa.BigInteger),
        sa.Column("taken_at", sa.DateTime, index=True),
        sa.Column("taken_at_offset_minutes", sa.Integer),
        sa.Column("taken_at_source", sa.String(8)),
        sa.Column("camera", sa.String, index=True),
        sa.Column("lens", sa.String),
        sa.Column("latitude", sa.Double),
        sa.Column("longitude", sa.Double),
        sa.Column("rating", sa.Integer),
        sa.Column("title", sa.String),
        sa.Column("caption", sa.String),
    )
    op.create_index("ix_photo_metadata_place", "photo_metadata", ["latitude", "longitude"])
    op.create_table(
        "photo_keyword",
        sa.Column("photo_id", sa.Integer, sa.ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("keyword", sa.String, primary_key=True, index=True),
    )
    op.create_table(
        "frame",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("content_id", sa.Integer, sa.ForeignKey("content.id"), nullable=False),
        sa.Column("time_s", sa.Double, nullable=False),
        sa.UniqueConstraint("content_id", "time_s"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "frame_vector",
        sa.Column("frame_id", sa.Integer, sa.ForeignKey("frame.id"), primary_key=True),
        sa.Column("encoder_id", sa.Integer, sa.ForeignKey("encoder.id"), primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
