# Debian slim rather than Alpine: the TypeScript compiler and the thread pool bring prebuilt binaries,
# which are tested on glibc only. Alpine would save about 40 MB.
FROM node:20-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Platform binaries of compiler and bundler are optional dependencies, so they are not left out here.
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
COPY workers workers
COPY sources sources
RUN npm run build

FROM node:20-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The optional dependencies are the embedded PostgreSQL, which a service replaces here.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    NPM_CONFIG_UPDATE_NOTIFIER=false \
    NPM_CONFIG_CACHE=/tmp/npm \
    DATA_FOLDER=/data \
    STATE_FILE=/data/ingestion.state \
    REPORTS_FOLDER=/data/reports
# Commands write where they run, in /app (event_ids.txt, exploration.json), and in /data: volumes, both. So
# what is run lies elsewhere, or an old volume would hide a new image; /app holds links to it.
RUN mkdir -p /app /data && \
    ln -s /opt/datasync/dist /opt/datasync/scripts /opt/datasync/package.json /app/ && \
    chown node:node /app /data
WORKDIR /opt/datasync
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /build/dist/src dist/src
COPY --from=build /build/dist/chunks dist/chunks
COPY --from=build /build/dist/workers dist/workers
COPY --from=build /build/dist/sources dist/sources
COPY package.json package.json
COPY sources sources
COPY scripts/container.mjs scripts/datasync.sh scripts/
WORKDIR /app
USER node
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --retries=3 \
  CMD ["node", "scripts/container.mjs", "health"]
ENTRYPOINT ["node"]
CMD ["scripts/container.mjs"]
