"""Versions of the policy with who wrote, checked and published them.

Revision 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
PUBLISHED = "state = 'published'"

SQLITE_CONTENT = """
CREATE TRIGGER policy_versions_keeps_content BEFORE UPDATE OF content_hash, content ON policy_versions
BEGIN SELECT RAISE(ABORT, 'the content of a policy version is never changed'); END
"""
SQLITE_DELETE = """
CREATE TRIGGER policy_versions_refuses_delete BEFORE DELETE ON policy_versions
BEGIN SELECT RAISE(ABORT, 'policy_versions keeps every version: delete is refused'); END
"""
SQLITE_PUBLISHED = """
CREATE TRIGGER policy_versions_keeps_published
BEFORE UPDATE OF name, effective_from, published_by, published_at ON policy_versions WHEN OLD.state = 'published'
BEGIN SELECT RAISE(ABORT, 'a published policy version is never changed'); END
"""
POSTGRESQL_FUNCTION = """
CREATE FUNCTION refuse_policy_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a policy version is never changed after the fact: % is refused', lower(TG_OP); END
$$
"""
POSTGRESQL_TRIGGERS = (
    """
CREATE TRIGGER policy_versions_keeps_content BEFORE UPDATE OF content_hash, content ON policy_versions
FOR EACH ROW EXECUTE FUNCTION refuse_policy_change()
""",
    """
CREATE TRIGGER policy_versions_refuses_delete BEFORE DELETE OR TRUNCATE ON policy_versions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_policy_change()
""",
    """
CREATE TRIGGER policy_versions_keeps_published
BEFORE UPDATE OF name, effective_from, published_by, published_at ON policy_versions
FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION refuse_policy_change()
""",
)


def upgrade():
    op.create_table(
        "policy_versions",
        *_texts("content_hash", "name", "note"),
        sa.Column("content", sa.Text(), nullable=False),
        *_texts("state", "author"),
        sa.Column("drafted_at", MOMENT, nullable=False),
        *_texts("checked_by"),
        sa.Column("checked_at", MOMENT, nullable=True),
        *_texts("published_by"),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.Column("effective_from", MOMENT, nullable=True),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_policy_versions")),
    )
    where = sa.text(PUBLISHED)
    op.create_index(
        "ix_policy_versions_in_force",
        "policy_versions",
        ["effective_from", "published_at"],
        sqlite_where=where,
        postgresql_where=where,
    )
    if op.get_bind().dialect.name == "sqlite":
        triggers = (SQLITE_CONTENT, SQLITE_DELETE, SQLITE_PUBLISHED)
    else:
        triggers = (POSTGRESQL_FUNCTION, *POSTGRESQL_TRIGGERS)
    for trigger in triggers:
        op.execute(trigger)


def _texts(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def downgrade():
    raise NotImplementedError("restore a backup instead")
