#!/bin/sh
# Roles and databases of a new PostgreSQL server; the image runs it once, on an empty volume.
#
# The product's tables belong to aftersales_owner, which only the schema job uses. The processes connect as
# aftersales, which may not change ledger and operations log (P6.3). Temporal has an account of its own.
set -eu

psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner_password AFTERSALES_OWNER_PASSWORD
\getenv product_password AFTERSALES_DATABASE_PASSWORD
\getenv temporal_password TEMPORAL_DATABASE_PASSWORD

CREATE ROLE aftersales_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE aftersales LOGIN PASSWORD :'product_password';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';

CREATE DATABASE aftersales OWNER aftersales_owner;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;

REVOKE CONNECT ON DATABASE aftersales, temporal, temporal_visibility FROM PUBLIC;
GRANT CONNECT ON DATABASE aftersales TO aftersales;
SQL
