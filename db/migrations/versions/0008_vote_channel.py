"""how each vote came in, so that what visitors of the window say is told from what counts

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_IS_CORRECTION = sa.text("channel = 'correction'")


def upgrade() -> None:
    # Not in a batch: that makes the table anew, and votes may be millions.
    op.add_column(
        "vote", sa.Column("channel", sa.String(length=16), nullable=False, server_default="label")
    )
    # What can be told: the window named its visitors so, and their votes alone have no label's
    # trust; only imports have keys with a colon; the Review page alone settled. The Grid page's
    # votes were like those of the Label page.
    op.execute(
        "UPDATE vote SET channel = CASE "
        "WHEN annotator LIKE 'visitor %' AND saw_suggestion THEN 'correction' "
        "WHEN trust IS NOT NULL OR idempotency_key LIKE '%:%' OR annotator LIKE 'import:%' "
        "THEN 'import' ELSE 'review' END "
        "WHERE settles OR trust IS NOT NULL OR idempotency_key LIKE '%:%' "
        "OR annotator LIKE 'import:%' OR (annotator LIKE 'visitor %' AND saw_suggestion)"
    )
    op.create_index(
        "ix_vote_corrections",
        "vote",
        ["meme_id"],
        sqlite_where=_IS_CORRECTION,
        postgresql_where=_IS_CORRECTION,
    )


def downgrade() -> None:
    op.drop_index("ix_vote_corrections", "vote")
    op.drop_column("vote", "channel")
