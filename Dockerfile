# syntax=docker/dockerfile:1

# The `ward` command with its page, for docker-compose.yml. Production is template.yaml: the functions on Lambda, where no
# part of `ward dev` runs.

FROM node:22.20.0-bookworm-slim AS page
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM rust:1.95.0-slim-bookworm AS ward
WORKDIR /src
COPY . .
# What /health names: the image is built without .git.
ARG WARD_COMMIT=unknown
# A cache mount is gone after its step, so the binary is copied out of it in the same.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --release --package ward && cp target/release/ward /usr/local/bin/ward

FROM debian:12.12-slim
# A number, so that whoever runs the image can see that it isn't root.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin ward \
    && install --directory --owner=ward --group=ward --mode=0700 /var/lib/ward
COPY --from=ward /usr/local/bin/ward /usr/local/bin/ward
COPY --from=page /src/web/dist /usr/share/ward/page
USER 10001:10001
WORKDIR /var/lib/ward
EXPOSE 9000
ENTRYPOINT ["ward"]
CMD ["dev", "--host", "0.0.0.0", "--port", "9000", "--data-dir", "/var/lib/ward", "--page", "/usr/share/ward/page"]
