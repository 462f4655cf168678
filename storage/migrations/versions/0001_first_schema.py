"""The first schema, with the triggers that keep ledger and operations log append-only.

Revision 0001. There is no way down: it would delete the ledger; restore a backup instead.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("ledger", "audit")

SQLITE_TRIGGER = """
CREATE TRIGGER {table}_refuses_{event} BEFORE {event} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: {event} is refused'); END
"""

POSTGRESQL_FUNCTION = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, lower(TG_OP); END
$$
"""

POSTGRESQL_TRIGGER = """
CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def upgrade():
    create_orders()
    create_cases()
    create_journals()
    create_steps()
    create_portal()
    guard_journals()


def downgrade():
    raise NotImplementedError("the first schema has no way down: restore a backup instead")


def strings(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def create_orders():
    op.create_table(
        "accounts",
        *strings("customer_id", "state", "name", "email", "language"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "orders",
        *strings("order_id", "customer_id", "currency"),
        sa.Column("paid", sa.Boolean(), nullable=False),
        sa.Column("bought_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipping", sa.Text(), nullable=True),
        sa.Column("promotion", sa.Text(), nullable=True),
        *strings("payment_fingerprint", "address_hash", "content_digest"),
        sa.ForeignKeyConstraint(["customer_id"], ["accounts.customer_id"], name=op.f("fk_orders_customer_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_orders")),
    )
    op.create_index(op.f("ix_orders_customer_id"), "orders", ["customer_id"])
    op.create_table(
        "order_lines",
        *strings("order_id", "line_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        *strings("sku", "title", "category"),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("final_sale", sa.Boolean(), nullable=False),
        sa.Column("frozen", sa.Text(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity_above_zero")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_order_lines_order_id")),
        sa.PrimaryKeyConstraint("order_id", "line_id", name=op.f("pk_order_lines")),
    )
    op.create_table(
        "tenders",
        *strings("order_id", "tender_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        *strings("provider", "reference"),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("captured_minor >= 0", name=op.f("ck_tenders_captured_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_tenders_order_id")),
        sa.PrimaryKeyConstraint("order_id", "tender_id", name=op.f("pk_tenders")),
    )


def create_cases():
    op.create_table(
        "cases",
        *strings("number", "order_id", "customer_id", "kind", "reason", "channel"),
        sa.Column("start", sa.Text(), nullable=False),
        *strings("status", "waits_for"),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        *strings("assignee"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("break_down", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        *strings("policy_hash", "reason_code", "explanation"),
        sa.Column("appealed", sa.Boolean(), nullable=False),
        sa.Column("survey_score", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("timings", sa.Text(), nullable=False),
        sa.Column("handling_hours", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cases")),
    )
    op.create_index(op.f("ix_cases_customer_id"), "cases", ["customer_id"])
    op.create_index(op.f("ix_cases_opened_at"), "cases", ["opened_at"])
    op.create_index(op.f("ix_cases_order_id"), "cases", ["order_id"])
    op.create_index("ix_cases_status_opened_at", "cases", ["status", "opened_at"])
    op.create_index("ix_cases_waits_for_due_at", "cases", ["waits_for", "due_at"])
    op.create_table(
        "case_units",
        *strings("number", "line_id", "order_id"),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_case_units_quantity_above_zero")),
        sa.PrimaryKeyConstraint("number", "line_id", name=op.f("pk_case_units")),
    )
    op.create_index("ix_case_units_order_id_line_id", "case_units", ["order_id", "line_id"])
    op.create_table(
        "legs",
        *strings("number"),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        *strings("order_id", "tender_id", "reference", "provider", "provider_number"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *strings("currency", "state", "provider_reference", "trace", "failure_code"),
        sa.Column("key_try", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_legs_amount_above_zero")),
        sa.PrimaryKeyConstraint("number", "leg", "attempt", name=op.f("pk_legs")),
        sa.UniqueConstraint("provider_number", name=op.f("uq_legs_provider_number")),
    )
    op.create_index("ix_legs_order_id_tender_id", "legs", ["order_id", "tender_id"])
    op.create_table(
        "claimed_requests",
        *strings("caller", "request_key", "number", "body_digest"),
        sa.PrimaryKeyConstraint("caller", "request_key", name=op.f("pk_claimed_requests")),
    )


def create_journals():
    op.create_table(
        "ledger",
        *strings("posting_id", "number", "order_id", "tender_id", "provider_number", "debit", "credit"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *strings("currency"),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        *strings("note"),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_ledger_amount_above_zero")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_ledger_two_accounts")),
        sa.PrimaryKeyConstraint("posting_id", name=op.f("pk_ledger")),
    )
    op.create_index(op.f("ix_ledger_number"), "ledger", ["number"])
    op.create_index("ix_ledger_order_id_tender_id", "ledger", ["order_id", "tender_id"])
    op.create_index(op.f("ix_ledger_provider_number"), "ledger", ["provider_number"])
    op.create_table(
        "audit",
        *strings("number"),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *strings("actor", "role", "action", "before", "after", "reason", "facts", "prev_hash", "hash"),
        sa.PrimaryKeyConstraint("number", "seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "audit_heads",
        *strings("number"),
        sa.Column("seq", sa.Integer(), nullable=False),
        *strings("hash"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_heads")),
    )


def create_steps():
    op.create_table(
        "steps",
        *strings("number", "step"),
        sa.Column("round", sa.Integer(), nullable=False),
        *strings("input_digest"),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", "step", "round", name=op.f("pk_steps")),
    )
    op.create_table(
        "heard_messages",
        *strings("number", "nonce", "kind", "actor", "role", "body"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number", "nonce", name=op.f("pk_heard_messages")),
    )
    op.create_table(
        "mails",
        *strings("message_id", "number", "stage"),
        sa.Column("round", sa.Integer(), nullable=False),
        *strings("recipient", "language", "subject", "body", "state"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        *strings("failure"),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_mails")),
    )
    op.create_index("ix_mails_number_stage_round", "mails", ["number", "stage", "round"])


def create_portal():
    op.create_table(
        "webhook_inbox",
        *strings("provider", "event_id", "payload"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        *strings("provider_number", "reference", "says", "number", "bearing"),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("provider", "event_id", name=op.f("pk_webhook_inbox")),
    )
    partial_index("ix_webhook_inbox_unhandled", "received_at", "handled_at IS NULL")
    partial_index("ix_webhook_inbox_unmatched", "provider_number", "bearing = 'unmatched' AND provider_number <> ''")
    op.create_index("ix_webhook_inbox_provider_number", "webhook_inbox", ["provider_number"])
    op.create_table(
        "evidence",
        *strings("sha256", "number", "media_type"),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "number", name=op.f("pk_evidence")),
    )
    op.create_table(
        "spent_tokens",
        *strings("purpose", "token_hash"),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "token_hash", name=op.f("pk_spent_tokens")),
    )


def partial_index(name, column, where):
    op.create_index(name, "webhook_inbox", [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def guard_journals():
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for event in ("update", "delete"):
                op.execute(SQLITE_TRIGGER.format(table=table, event=event))
        return
    op.execute(POSTGRESQL_FUNCTION)
    for table in APPEND_ONLY:
        op.execute(POSTGRESQL_TRIGGER.format(table=table))
