"""copies and decisions

Revision: 0002, after 0001

The files of reposts found before were not kept: their sightings name no copy, as if the meme's own
file had been seen there. What was not safe for work was known of memes alone, so all sightings of
such a meme get the mark.
"""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_HASHES = ["status", "id", "phash64", "phash256", "inner_phash256"]


def upgrade() -> None:
    _widen_meme()
    _create_copy()
    _name_the_file_in("sighting")
    _name_the_file_in("vote")
    _mark_sightings()
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("meme_id", sa.Integer(), nullable=False),
        sa.Column("gone_id", sa.Integer(), nullable=True),
        sa.Column("nearest_id", sa.Integer(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("by", sa.String(length=16), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_decision_sha256"), "decision", ["sha256"])
    op.create_table(
        "distinct_pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256_a", sa.String(length=64), nullable=False),
        sa.Column("sha256_b", sa.String(length=64), nullable=False),
        sa.Column("annotator", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distinct_pair")),
        sa.UniqueConstraint("sha256_a", "sha256_b", name=op.f("uq_distinct_pair_sha256_a")),
    )
    op.create_index(op.f("ix_distinct_pair_sha256_b"), "distinct_pair", ["sha256_b"])
    op.create_table(
        "rematch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_meme_id", sa.Integer(), nullable=False),
        sa.Column("last_copy_id", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rematch")),
    )


def downgrade() -> None:
    for table in ("rematch", "distinct_pair", "decision"):
        op.drop_table(table)
    # What was seen of copies stays with their memes; their files stay where they are.
    for table in ("vote", "sighting"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_index(f"ix_{table}_copy_id")
            batch_op.drop_constraint(f"fk_{table}_copy_id_copy", type_="foreignkey")
            batch_op.drop_column("copy_id")
    with op.batch_alter_table("sighting") as batch_op:
        batch_op.drop_column("nsfw")
    op.drop_table("copy")
    op.drop_index("ix_meme_hashes", "meme")
    with op.batch_alter_table(
        "meme", recreate=_on_sqlite(), table_kwargs={"sqlite_autoincrement": False}
    ) as batch_op:
        for name in ("words", "signature", "motion", "inner_phash256", "wide_phash64"):
            batch_op.drop_column(name)


def _on_sqlite() -> Literal["always", "never"]:
    """Whether a table is made anew: SQLite cannot make ids grow only in a table that is there."""
    return "always" if op.get_bind().dialect.name == "sqlite" else "never"


def _widen_meme() -> None:
    with op.batch_alter_table(
        "meme", recreate=_on_sqlite(), table_kwargs={"sqlite_autoincrement": True}
    ) as batch_op:
        for column in _read_columns():
            batch_op.add_column(column)
    op.create_index("ix_meme_hashes", "meme", _HASHES)


def _create_copy() -> None:
    op.create_table(
        "copy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meme_id", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("phash64", sa.String(length=16), nullable=False),
        sa.Column("phash256", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        *_read_columns(),
        sa.ForeignKeyConstraint(["meme_id"], ["meme.id"], name=op.f("fk_copy_meme_id_meme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy")),
        sa.UniqueConstraint("sha256", name=op.f("uq_copy_sha256")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_copy_meme_id"), "copy", ["meme_id"])


def _read_columns() -> list[sa.Column[object]]:
    """What is read in a picture, of memes and of copies."""
    return [
        sa.Column("wide_phash64", sa.String(length=16), nullable=True),
        sa.Column("inner_phash256", sa.String(length=64), nullable=True),
        sa.Column("motion", sa.Text(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("words", sa.JSON(), nullable=True),
    ]


def _name_the_file_in(table: str) -> None:
    with op.batch_alter_table(table) as batch_op:
        batch_op.add_column(sa.Column("copy_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(f"fk_{table}_copy_id_copy", "copy", ["copy_id"], ["id"])
        batch_op.create_index(f"ix_{table}_copy_id", ["copy_id"])


def _mark_sightings() -> None:
    with op.batch_alter_table("sighting") as batch_op:
        batch_op.add_column(sa.Column("nsfw", sa.Boolean(), nullable=True))
    op.execute(
        "UPDATE sighting SET nsfw = (SELECT nsfw FROM meme WHERE meme.id = sighting.meme_id)"
    )
    with op.batch_alter_table("sighting") as batch_op:
        batch_op.alter_column("nsfw", existing_type=sa.Boolean(), nullable=False)
