"""Legs that go elsewhere than they came from, what is asked of a provider about them, and when they should arrive.

Revision 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    for column in (
        sa.Column("movement", sa.String(), nullable=False, server_default="refund"),
        sa.Column("destination", sa.String(), nullable=False, server_default=""),
        sa.Column("expected_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("elsewhere", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("payee", sa.String(), nullable=False, server_default=""),
    ):
        op.add_column("legs", column)
    op.create_index("ix_legs_provider_reference_sent_at", "legs", ["provider", "reference", "sent_at"])


def downgrade():
    raise NotImplementedError("restore a backup instead")
