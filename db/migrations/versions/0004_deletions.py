"""what is gone at its source

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("sighting") as batch_op:
        batch_op.add_column(sa.Column("confirmed_at", _WHEN, nullable=True))
        batch_op.add_column(sa.Column("gone_at", _WHEN, nullable=True))
    for table in ("meme", "copy"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(sa.Column("removed_at", _WHEN, nullable=True))


def downgrade() -> None:
    for table in ("copy", "meme"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("removed_at")
    with op.batch_alter_table("sighting") as batch_op:
        for name in ("gone_at", "confirmed_at"):
            batch_op.drop_column(name)
