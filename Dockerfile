# The image of the service, for `docker build`, `podman build` and `buildah` (any that knows `RUN --mount`).
# There is no `# syntax=` line: it would fetch a frontend from a registry before anything is built.

# What the image stands on. The binary needs nothing of it; `public.ecr.aws/lambda/provided:al2023` is the way out
# should a function need more than a binary, a CA bundle and /tmp.
ARG BASE=scratch

FROM docker.io/library/rust:1.95-slim-bookworm AS build
WORKDIR /build
# `.dockerignore` lets the manifests and the sources in, and no `.env*` file.
COPY . .
# One RUN, because a cache mount is there only while its RUN runs: what the image needs has to be copied out in it.
# The caches keep downloaded crates and compiled dependencies from one build to the next.
# `+crt-static` links glibc in. With it `--target` has to be given, or proc macros are linked static and cannot load;
# the target is the builder's own, so `--platform` decides the architecture.
# The remapping keeps the builder's paths out of the binary, so that another machine makes the same one.
# The CA bundle is the builder image's own, never the host's, which may hold private roots.
# Without `hosts: files dns` glibc would ask DNS before /etc/hosts.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    target="$(rustc -vV | sed -n 's/^host: //p')" \
    && RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=/usr/local/cargo=/cargo" \
       cargo build --release --locked --target "$target" --package service \
    && install -D -m 0755 "target/$target/release/service" /image/var/task/bootstrap \
    && install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/var/task/ca-certificates.crt \
    && install -d -m 0755 /image/etc \
    && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
    && install -d -m 1777 /image/tmp

FROM ${BASE}
COPY --from=build /image/ /
# TLS libraries look for the bundle in a place that differs from base to base; this is where it is on all of them.
ENV SSL_CERT_FILE=/var/task/ca-certificates.crt
WORKDIR /var/task
# In exec form: there is no shell.
ENTRYPOINT ["/var/task/bootstrap"]
