# Builds: docker build -t lightfield-etl .
# Runs:   docker run --rm -v "$PWD:/data" -e LIGHTFIELD_API_KEY lightfield-etl run my-tasks.yaml
# The API key is given when it runs; nothing of it is in the image.
FROM python:3.12-slim AS build
WORKDIR /build
COPY pyproject.toml README.md ./
COPY etl ./etl
COPY configs ./configs
COPY samples ./samples
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir /wheels/*.whl

FROM python:3.12-slim
RUN groupadd --gid 10001 etl \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin etl \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /venv /venv
ENV PATH="/venv/bin:$PATH" PYTHONUNBUFFERED=1
WORKDIR /data
# A number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 10001:10001
ENTRYPOINT ["lightfield-etl"]
CMD ["--help"]
