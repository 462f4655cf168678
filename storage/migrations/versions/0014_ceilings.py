"""Approvals, claims, budgets and the circuit breaker.

Revision 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade():
    _cases()
    _approvals()
    _budgets()


def _texts(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _cases():
    for column in (
        sa.Column("entered_by", sa.String(), nullable=False, server_default=""),
        sa.Column("overridden", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("payout", sa.Text(), nullable=True),
    ):
        op.add_column("cases", column)
    op.create_index(op.f("ix_legs_sent_at"), "legs", ["sent_at"])


def _approvals():
    op.create_table(
        "approvals",
        *_texts("number"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        *_texts("actor", "role"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *_texts("currency", "destination"),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("voided_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("number", "sequence", name=op.f("pk_approvals")),
    )


def _budgets():
    op.create_table(
        "budgets",
        sa.Column("day", sa.Date(), nullable=False),
        *_texts("scope", "key", "currency"),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.CheckConstraint("minor >= 0 AND cases >= 0", name=op.f("ck_budgets_not_below_zero")),
        sa.PrimaryKeyConstraint("day", "scope", "key", "currency", name=op.f("pk_budgets")),
    )
    op.create_table(
        "pulses",
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_pulses")),
    )
    op.create_table(
        "breakers",
        *_texts("name"),
        sa.Column("open", sa.Boolean(), nullable=False),
        *_texts("why"),
        sa.Column("changed_at", MOMENT, nullable=False),
        *_texts("changed_by"),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("seen", "against")),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_breakers")),
    )


def downgrade():
    raise NotImplementedError("restore a backup instead")
