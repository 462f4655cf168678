"""What webhooks say of amounts, so that it can be compared with our record; and what lists of them sort by.

Revision 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

AMOUNT_DIFFERS = sa.text("amount_differs")


def upgrade():
    for column in (
        sa.Column("kind", sa.String(), nullable=False, server_default=""),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("amount_differs", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("webhook_inbox", column)
    op.create_index("ix_webhook_inbox_received_at", "webhook_inbox", ["received_at"])
    op.create_index(
        "ix_webhook_inbox_amount_differs",
        "webhook_inbox",
        ["received_at"],
        sqlite_where=AMOUNT_DIFFERS,
        postgresql_where=AMOUNT_DIFFERS,
    )


def downgrade():
    raise NotImplementedError("restore a backup instead")
