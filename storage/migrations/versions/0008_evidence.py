"""What is known of each piece of evidence, and what was found in it.

Revision 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.add_column("evidence", sa.Column("customer_id", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_evidence_number", "evidence", ["number"])
    _contents()
    op.create_table(
        "likeness_bands",
        sa.Column("band", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("band", "sha256", name=op.f("pk_likeness_bands")),
    )
    op.create_table(
        "evidence_checks",
        *_texts("number", "sha256", "verdict", "signature"),
        sa.Column("reused", sa.Text(), nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number", "sha256", name=op.f("pk_evidence_checks")),
    )


def _contents():
    op.create_table(
        "evidence_contents",
        *_texts("sha256", "media_type"),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("sharpness", sa.Float(), nullable=True),
        sa.Column("brightness", sa.Float(), nullable=True),
        sa.Column("likeness", sa.BigInteger(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("quarantined_at", MOMENT, nullable=True),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_evidence_contents")),
    )
    op.create_index("ix_evidence_contents_erased_at", "evidence_contents", ["erased_at"])
    op.execute(
        "INSERT INTO evidence_contents (sha256, media_type, size_bytes) "
        "SELECT sha256, min(media_type), min(size_bytes) FROM evidence GROUP BY sha256"
    )


def _texts(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def downgrade():
    raise NotImplementedError("restore a backup instead")
