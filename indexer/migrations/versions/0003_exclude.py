"""What is left out of a folder, and the disks that were mounted in it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("folder", sa.Column("exclude", sa.String, nullable=False, server_default=""))
    op.add_column("folder", sa.Column("mounts", sa.String, nullable=False, server_default=""))
