"""Store credit and gift cards, and payments that finance makes by hand.

Revision 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQLITE_TRIGGER = """
CREATE TRIGGER stored_value_entries_refuses_{event} BEFORE {event} ON stored_value_entries
BEGIN SELECT RAISE(ABORT, 'stored_value_entries is append-only: {event} is refused'); END
"""

POSTGRESQL_TRIGGER = """
CREATE TRIGGER stored_value_entries_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_value_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def upgrade():
    create_stored_value()
    create_hand_payments()
    guard_stored_value()


def downgrade():
    raise NotImplementedError("restore a backup instead")


def strings(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def create_stored_value():
    op.create_table(
        "stored_value_entries",
        *strings("provider_number", "number", "provider", "account", "movement"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *strings("currency"),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_stored_value_entries_amount_not_zero")),
        sa.PrimaryKeyConstraint("provider_number", name=op.f("pk_stored_value_entries")),
    )
    op.create_index("ix_stored_value_entries_provider_account", "stored_value_entries", ["provider", "account"])


def create_hand_payments():
    op.create_table(
        "hand_payments",
        *strings("provider_number", "number"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *strings("currency", "movement"),
        sa.Column("method", sa.String(), nullable=True),
        *strings("payee", "destination"),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        *strings("state", "paid_by"),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        *strings("reference"),
        sa.Column("evidence", sa.Text(), nullable=False),
        *strings("confirmed_by"),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_hand_payments_amount_above_zero")),
        sa.CheckConstraint("confirmed_by = '' OR confirmed_by <> paid_by", name=op.f("ck_hand_payments_two_people")),
        sa.PrimaryKeyConstraint("provider_number", name=op.f("pk_hand_payments")),
    )
    op.create_index("ix_hand_payments_state_filed_at", "hand_payments", ["state", "filed_at"])


def guard_stored_value():
    if op.get_bind().dialect.name != "sqlite":
        op.execute(POSTGRESQL_TRIGGER)
        return
    for event in ("update", "delete"):
        op.execute(SQLITE_TRIGGER.format(event=event))
