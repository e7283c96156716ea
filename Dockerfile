# rollbackd in a container. Build: docker build -t rollbackd:0.1.0 .
# Try:   docker run --rm -v "$PWD/rules:/etc/rollbackd/rules:ro" rollbackd:0.1.0 check /etc/rollbackd/rules

FROM node:26-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`: see scripts/setup.sh. No dependency needs an install script.
RUN npm install --no-save --ignore-scripts --loglevel=error
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
RUN node scripts/build.ts

FROM node:26-slim
# Process 1: Node does not reap orphans, and a rollback script may leave processes running.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json ./
COPY --from=build /src/dist ./dist
# Owned by uid 1000 so that a new volume, which takes the folder's owner over, can be written to.
RUN install -d -o node -g node /var/lib/rollbackd
ENV NODE_ENV=production \
    ROLLBACKD_HTTP_HOST=0.0.0.0 \
    ROLLBACKD_RULES=/etc/rollbackd/rules \
    ROLLBACKD_DATA_DIR=/var/lib/rollbackd
# By number: Kubernetes can then see for itself that this is not root.
USER 1000
VOLUME /var/lib/rollbackd
EXPOSE 9480
# No HEALTHCHECK: Kubernetes asks /health/live and /health/ready itself (deploy/deployment.yaml), and one here
# would start a second Node every few seconds.
# -s: reaps as well where another process is process 1 (`docker run --init`, shareProcessNamespace).
ENTRYPOINT ["tini", "-s", "--", "node", "/app/dist/rollbackd.js"]
CMD ["run"]
