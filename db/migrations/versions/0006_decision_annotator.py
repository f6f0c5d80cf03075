"""who said what a person decided about a file or a family

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: that makes the table anew, and SQLite would begin its ids anew.
    op.add_column("decision", sa.Column("annotator", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("decision", "annotator")
