# The application: one image for every process; `headgate serve <name>` says which one it is.
ARG BASE=python:3.11.14-slim-bookworm
FROM ${BASE}

# The root of the application comes before anything that is installed, so that `events` is ours.
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /app

COPY requirements-service.lock ./
RUN python3 -m pip install --no-cache-dir --require-hashes --requirement requirements-service.lock

COPY events events
COPY services services
COPY projections projections
COPY headgate headgate
RUN python3 -m compileall -q /app && useradd --system --uid 10001 --home-dir /app headgate
USER headgate

EXPOSE 4200
ENTRYPOINT ["python3", "-m", "headgate"]
