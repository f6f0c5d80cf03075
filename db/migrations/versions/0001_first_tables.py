"""first tables

Revision: 0001, after None
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "community",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("genre", sa.String(length=64), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_community")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_table(
        "template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("representative_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["representative_id"],
            ["meme.id"],
            name=op.f("fk_template_representative_id_meme"),
            use_alter=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template")),
    )
    op.create_table(
        "meme",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("phash64", sa.String(length=16), nullable=False),
        sa.Column("phash256", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("nsfw", sa.Boolean(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["template.id"], name=op.f("fk_meme_template_id_template")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meme")),
        sa.UniqueConstraint("sha256", name=op.f("uq_meme_sha256")),
    )
    # SQLite has the key from CREATE TABLE; elsewhere it waits until both tables exist.
    if op.get_bind().dialect.name != "sqlite":
        op.create_foreign_key(
            "fk_template_representative_id_meme", "template", "meme", ["representative_id"], ["id"]
        )
    with op.batch_alter_table("meme", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meme_template_id"), ["template_id"], unique=False)

    op.create_table(
        "sighting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meme_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("post_id", sa.Text(), nullable=False),
        sa.Column("media_index", sa.Integer(), nullable=False),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("image_url", sa.Text(), nullable=False),
        sa.Column("permalink", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("flair", sa.Text(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("crawled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("year_low", sa.Integer(), nullable=True),
        sa.Column("year_high", sa.Integer(), nullable=True),
        sa.Column("source_group", sa.Text(), nullable=True),
        sa.Column("fold", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["meme_id"], ["meme.id"], name=op.f("fk_sighting_meme_id_meme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sighting")),
        sa.UniqueConstraint("source", "post_id", "media_index", name=op.f("uq_sighting_source")),
    )
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sighting_community"), ["community"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_image_url"), ["image_url"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_meme_id"), ["meme_id"], unique=False)

    op.create_table(
        "vote",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meme_id", sa.Integer(), nullable=False),
        sa.Column("annotator", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("genre", sa.String(length=64), nullable=True),
        sa.Column("second_genre", sa.String(length=64), nullable=True),
        sa.Column("trust", sa.Text(), nullable=True),
        sa.Column("saw_suggestion", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["meme_id"], ["meme.id"], name=op.f("fk_vote_meme_id_meme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vote")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_vote_idempotency_key")),
    )
    with op.batch_alter_table("vote", schema=None) as batch_op:
        batch_op.create_index(
            "ix_vote_annotator_created_at", ["annotator", "created_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_vote_meme_id"), ["meme_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("vote", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vote_meme_id"))
        batch_op.drop_index("ix_vote_annotator_created_at")

    op.drop_table("vote")
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sighting_meme_id"))
        batch_op.drop_index(batch_op.f("ix_sighting_image_url"))
        batch_op.drop_index(batch_op.f("ix_sighting_community"))

    op.drop_table("sighting")
    with op.batch_alter_table("meme", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_meme_template_id"))

    # The two point to each other; the rows of both go.
    if op.get_bind().dialect.name == "sqlite":
        op.execute("UPDATE template SET representative_id = NULL")
    else:
        op.drop_constraint("fk_template_representative_id_meme", "template", type_="foreignkey")
    op.drop_table("meme")
    op.drop_table("template")
    op.drop_table("run")
    op.drop_table("community")
