#!/bin/sh
# Brings Temporal's two databases to the schema of the tool's version. Runs before every start of a new version;
# repeating it is harmless. SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD name the account that owns both.
set -eu

tool=${TEMPORAL_SQL_TOOL:-temporal-sql-tool}
export SQL_PLUGIN=postgres12

bring_up() {
    "$tool" --database "$1" setup-schema --version 0.0
    "$tool" --database "$1" update-schema --schema-name "postgresql/v12/$2"
}

bring_up temporal temporal
bring_up temporal_visibility visibility
