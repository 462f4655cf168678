"""Providers' statements, and what comparing them with the ledger found.

Revision 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade():
    _statement_lines()
    _runs()
    _findings()
    _letters()


def _texts(*names, nullable=False):
    return [sa.Column(name, sa.String(), nullable=nullable) for name in names]


def _statement_lines():
    op.create_table(
        "statement_lines",
        *_texts("provider"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_texts("line_id"),
        sa.Column("booked_at", MOMENT, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *_texts("currency", "provider_number", "reference", "movement"),
        sa.Column("returned", sa.Boolean(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=True),
        *_texts("fee_currency", nullable=True),
        sa.PrimaryKeyConstraint("provider", "day", "position", name=op.f("pk_statement_lines")),
    )
    op.create_index(
        op.f("ix_statement_lines_provider_provider_number"), "statement_lines", ["provider", "provider_number"]
    )


def _runs():
    op.create_table(
        "reconciliation_runs",
        *_texts("provider"),
        sa.Column("day", sa.Date(), nullable=False),
        *_texts("state"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", MOMENT, nullable=False),
        *_texts("sentence"),
        sa.Column("read_at", MOMENT, nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("lines", "matched")),
        sa.Column("totals", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "day", name=op.f("pk_reconciliation_runs")),
    )


def _findings():
    op.create_table(
        "reconciliation_findings",
        *_texts("finding_id", "provider"),
        sa.Column("day", sa.Date(), nullable=False),
        *_texts("kind", "subject", "number", "reference"),
        sa.Column("ours_minor", sa.BigInteger(), nullable=True),
        *_texts("ours_currency", nullable=True),
        sa.Column("theirs_minor", sa.BigInteger(), nullable=True),
        *_texts("theirs_currency", nullable=True),
        *_texts("our_state"),
        sa.Column("moved_at", MOMENT, nullable=True),
        *_texts("state"),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("with_finance", sa.Boolean(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_day", sa.Date(), nullable=True),
        *_texts("closed_by", "reason"),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_reconciliation_findings")),
    )
    op.create_index(op.f("ix_reconciliation_findings_provider_state"), "reconciliation_findings", ["provider", "state"])
    op.create_index(op.f("ix_reconciliation_findings_day"), "reconciliation_findings", ["day"])


def _letters():
    op.create_table(
        "reconciliation_letters",
        *_texts("message_id", "provider"),
        sa.Column("day", sa.Date(), nullable=False),
        *_texts("recipient", "language", "subject", "body", "state"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        *_texts("failure"),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_reconciliation_letters")),
    )
    op.create_index(op.f("ix_reconciliation_letters_provider_day"), "reconciliation_letters", ["provider", "day"])


def downgrade():
    raise NotImplementedError("restore a backup instead")
