"""when a person says that a meme was made, with their vote

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TELLS_YEARS = sa.text("year_high IS NOT NULL")


def upgrade() -> None:
    # Not in a batch: that makes the table anew, and votes may be millions.
    op.add_column("vote", sa.Column("year_low", sa.Integer(), nullable=True))
    op.add_column("vote", sa.Column("year_high", sa.Integer(), nullable=True))
    op.create_index(
        "ix_vote_years",
        "vote",
        ["meme_id"],
        sqlite_where=_TELLS_YEARS,
        postgresql_where=_TELLS_YEARS,
    )


def downgrade() -> None:
    op.drop_index("ix_vote_years", "vote")
    op.drop_column("vote", "year_high")
    op.drop_column("vote", "year_low")
