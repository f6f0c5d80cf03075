"""the frontier of crawls

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PROVENANCE = (("author", sa.String(length=16)), ("licence", sa.Text()))


def upgrade() -> None:
    with op.batch_alter_table("sighting") as batch_op:
        for name, kind in _PROVENANCE:
            batch_op.add_column(sa.Column(name, kind, nullable=True))
    _create_waiting("pending", sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False))
    op.create_index(op.f("ix_pending_next_try_at"), "pending", ["next_try_at"])
    _create_waiting("refused", sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False))
    op.create_table(
        "watermark",
        sa.Column("listing", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("listing", name=op.f("pk_watermark")),
    )
    op.create_table(
        "salt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_salt")),
    )


def downgrade() -> None:
    for table in ("salt", "watermark", "refused", "pending"):
        op.drop_table(table)
    with op.batch_alter_table("sighting") as batch_op:
        for name, _ in reversed(_PROVENANCE):
            batch_op.drop_column(name)


def _create_waiting(table: str, when: sa.Column[object]) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listing", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("post_id", sa.Text(), nullable=False),
        sa.Column("media_index", sa.Integer(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        when,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("source", "post_id", "media_index", name=op.f(f"uq_{table}_source")),
    )
    op.create_index(op.f(f"ix_{table}_listing"), table, ["listing"])
