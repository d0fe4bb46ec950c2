# Builds: docker build -t lightfield-etl:0.1.0 .
# Runs:   docs/recipes/docker-run.sh, and docs/recipes/cronjob.yaml for Kubernetes
# The API key is given when it runs; nothing of it is in the image.
# Every package is pinned with its hashes in .docker/; the first lines of its files are the commands that renew them (uv: pip install uv).
FROM python:3.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY .docker/requirements.txt .docker/build.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-deps --require-hashes --only-binary :all: -r requirements.txt \
    && python -m venv /tools \
    && /tools/bin/pip install --no-deps --require-hashes --only-binary :all: -r build.txt
COPY pyproject.toml README.md LICENSE ./
COPY etl ./etl
COPY configs ./configs
COPY samples ./samples
RUN /tools/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /wheels . \
    && /venv/bin/pip install --no-deps --no-index /wheels/*.whl \
    && /venv/bin/pip check \
    && /venv/bin/pip uninstall --yes pip \
    && /venv/bin/lightfield-etl --version

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="lightfield-etl" \
    org.opencontainers.image.description="Bulk import of files into Lightfield tasks: every row ends as exactly one task, or as one line that says why not." \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.base.name="docker.io/library/python:3.12-slim-bookworm"
RUN groupadd --gid 10001 etl \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin etl \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /venv /venv
# Nothing is written beside /data and /tmp: the root file system can be read-only.
ENV PATH="/venv/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /data
# A number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 10001:10001
# No shell between: the program itself gets the signals, and obeys them as the first process too.
ENTRYPOINT ["lightfield-etl"]
CMD ["--help"]
