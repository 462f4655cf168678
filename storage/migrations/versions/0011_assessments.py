"""What every automatic decision was made from, and where a version in the shadow disagreed.

Revision 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

DISAGREES = "shadow IS NOT NULL"


def upgrade():
    op.create_table(
        "assessments",
        *_texts("number"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_texts("policy_hash", "customer_id", "order_id"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *_texts("currency", "ruled", "action", "row"),
        *_documents("held", "facts", "ruling", "changes", "risk", "particulars"),
        sa.Column("shadow", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", "sequence", name=op.f("pk_assessments")),
    )
    op.create_index("ix_assessments_at", "assessments", ["at"])
    where = sa.text(DISAGREES)
    op.create_index("ix_assessments_shadow_at", "assessments", ["at"], sqlite_where=where, postgresql_where=where)


def _texts(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _documents(*names):
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def downgrade():
    raise NotImplementedError("restore a backup instead")
