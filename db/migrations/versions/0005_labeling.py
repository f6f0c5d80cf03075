"""who is looking at what, what models say, and a person's word on what is not safe for work

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("vote") as batch_op:
        batch_op.add_column(sa.Column("nsfw", sa.Boolean(), nullable=True))
        batch_op.add_column(
            sa.Column("settles", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meme_id", sa.Integer(), nullable=False),
        sa.Column("annotator", sa.Text(), nullable=False),
        sa.Column("expires_at", _WHEN, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lease")),
        sa.UniqueConstraint("meme_id", "annotator", name=op.f("uq_lease_meme_id")),
        sa.ForeignKeyConstraint(
            ["meme_id"], ["meme.id"], name=op.f("fk_lease_meme_id_meme"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_lease_annotator"), "lease", ["annotator"])
    op.create_index(op.f("ix_lease_expires_at"), "lease", ["expires_at"])
    op.create_table(
        "prediction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meme_id", sa.Integer(), nullable=False),
        sa.Column("model_version", sa.String(length=64), nullable=False),
        sa.Column("genre", sa.String(length=64), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("entropy", sa.Double(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("year_low", sa.Integer(), nullable=True),
        sa.Column("year_high", sa.Integer(), nullable=True),
        sa.Column("held_out", sa.Boolean(), nullable=False),
        sa.Column("predicted_at", _WHEN, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prediction")),
        sa.ForeignKeyConstraint(
            ["meme_id"], ["meme.id"], name=op.f("fk_prediction_meme_id_meme"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("meme_id", "model_version", name=op.f("uq_prediction_meme_id")),
    )
    op.create_index(op.f("ix_prediction_genre"), "prediction", ["genre"])


def downgrade() -> None:
    for table in ("prediction", "lease"):
        op.drop_table(table)
    with op.batch_alter_table("vote") as batch_op:
        batch_op.drop_column("settles")
        batch_op.drop_column("nsfw")
