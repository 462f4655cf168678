# Everything runs from a checkout with Python 3.11, make and git; the rest is fetched once, into .tools, .venv and
# a cache folder in the home directory.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
UV_VERSION := 0.13.9
UV_OLDEST := 0.9

# A uv that is already there is used if pyproject.toml accepts it; else one of our own, which `tools` puts there.
SYSTEM_UV := $(shell uv --version 2>/dev/null | $(PYTHON) -c 'import re, sys; \
	found = re.findall(r"\d+", sys.stdin.read())[:2]; oldest = "$(UV_OLDEST)".split("."); \
	print("uv" if found and [int(n) for n in found] >= [int(n) for n in oldest] else "")')
UV := $(if $(SYSTEM_UV),$(SYSTEM_UV),.tools/bin/uv)
RUN := $(UV) run --frozen --no-sync
WORKERS ?= 3

.PHONY: help setup servers demo test test-production check bench chaos safeguards clean

help: ## Say what can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.tools/bin/uv:
	@echo "Fetching uv $(UV_VERSION), which installs everything else ..."
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

setup: $(if $(SYSTEM_UV),,.tools/bin/uv) ## Install the Python packages that are missing
	@test -d .venv || echo "Installing the Python packages (about a minute, once) ..."
	@$(UV) sync --frozen --quiet

servers: setup ## Get the Temporal servers that the tests need (a few minutes the first time, then a second)
	@$(RUN) python -m cli.servers.fetch

demo: setup ## Show the product at work on this machine; ARGS="..." is passed on
	@$(RUN) aftersales demo $(ARGS)

test: check servers ## All checks and tests; ARGS="..." is passed to pytest
	@$(RUN) pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --ignore tests/architecture $(ARGS)

test-production: servers ## The main job on the production topology, without containers (needs Go and a PostgreSQL with contrib)
	@$(RUN) python -m cli.servers.fetch --production
	@AFTERSALES_TEST_PRODUCTION=1 $(RUN) pytest tests/production $(ARGS)

check: setup ## Style, types, imports and sizes, without running the product
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(RUN) pytest -q tests/architecture

bench: setup ## Measure; ARGS="..." is passed on
	@$(RUN) python -m bench $(ARGS)

chaos: setup ## 500 refunds over every provider while everything fails (about seven minutes); ARGS="..." is passed on
	@$(RUN) python -m bench.chaos $(ARGS)

safeguards: servers ## Take each safeguard away in turn and show that the tests fail; ARGS="..." is passed on
	@$(RUN) python -m bench.safeguards $(ARGS)

clean: ## Remove what was built and installed here (the cache folder in the home directory stays)
	@rm -rf .tools .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
