# syntax=docker/dockerfile:1
# One image for every role: `docker run sealgate serve`, `… sealgate <noun> <verb>`.
FROM node:24-trixie-slim AS modules
WORKDIR /app
COPY . .
# Development tools out, the embedded PostgreSQL's binaries stay: they are an ordinary dependency.
RUN npm ci --omit=dev && npm cache clean --force

FROM node:24-trixie-slim
WORKDIR /app
COPY --from=modules /app /app
ENV NODE_ENV=production \
    SEALGATE_DATA_DIR=/data \
    SEALGATE_HOST=0.0.0.0
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 9000 9001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD node -e "fetch('http://127.0.0.1:9001/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
ENTRYPOINT ["node", "apps/cli/bin/sealgate.mjs"]
CMD ["serve"]
