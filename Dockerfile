# One image for every process of the product; docker-compose.yml says which of them a container runs.
# Nothing secret goes in: settings come from the environment when it starts.

FROM python:3.11.14-slim-bookworm AS build

# The version that the Makefile fetches too.
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never

WORKDIR /app
# What others wrote changes seldom: a layer of its own.
COPY pyproject.toml uv.lock ./
COPY client/pyproject.toml client/
RUN uv sync --frozen --no-dev --no-install-workspace --no-cache

COPY . .
RUN uv sync --frozen --no-dev --no-editable --no-cache


FROM python:3.11.14-slim-bookworm

RUN groupadd --gid 10001 aftersales \
    && useradd --uid 10001 --gid aftersales --no-create-home --shell /usr/sbin/nologin aftersales \
    && install -d -o aftersales -g aftersales -m 0750 /var/lib/aftersales /var/lib/aftersales-seals

COPY --from=build /app/.venv /app/.venv
# Whoever logs in inside a container is logged in there alone, and only while it is there.
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 XDG_CONFIG_HOME=/tmp/config

# Written to are this folder, that of the seals, and /tmp; the rest may be mounted read-only.
WORKDIR /var/lib/aftersales
USER 10001:10001

# No shell in between: SIGTERM reaches the process, which drains.
CMD ["python", "-m", "worker.main"]
