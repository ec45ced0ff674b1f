# The image of the service, for `docker build`, `podman build` and `buildah build`; `callboard deploy --builder container` uses it.
# There is no `# syntax=` line: it would fetch a frontend from a registry before anything is built.

# What the image stands on. The binary needs nothing of it; `public.ecr.aws/lambda/provided:al2023` is the way out
# should a function need more than a binary, a CA bundle and /tmp.
ARG BASE=scratch

FROM docker.io/library/rust:1.95-slim-bookworm AS build
WORKDIR /build
# What the image holds beside the service. The CA bundle is the builder image's own, never the host's, which may hold private
# roots. Without `hosts: files dns` glibc would ask DNS before /etc/hosts.
RUN install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /base/var/task/ca-certificates.crt \
    && install -d -m 0755 /base/etc \
    && echo 'hosts: files dns' > /base/etc/nsswitch.conf \
    && install -d -m 1777 /base/tmp

# `+crt-static` links glibc in. With it `--target` has to be given, or proc macros are linked static and cannot load; the
# target is the builder's own, so `--platform` decides the architecture.
# The remapping keeps the builder's paths out of the binary, so that another machine makes the same one.
ENV RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=/usr/local/cargo=/cargo"

# The dependencies, in a layer of their own: it is built anew when a manifest or Cargo.lock changes, and at no other time.
# Cargo reads the manifest of every member of the workspace and wants a source file in each.
COPY Cargo.toml Cargo.lock ./
COPY service/Cargo.toml service/
COPY console/Cargo.toml console/
COPY localcloud/Cargo.toml localcloud/
RUN for member in service console localcloud; do \
        mkdir "$member/src" && echo '//! Stub.' > "$member/src/lib.rs" \
        && printf '//! Stub.\nfn main() {}\n' > "$member/src/main.rs"; \
    done \
    && cargo build --release --locked --package service --target "$(rustc --print host-tuple)"

# The service itself. Cargo tells by the time of a file whether it has changed, and a file of the checkout may well be older
# than the stub in whose place it comes.
COPY service/src service/src
RUN find service/src -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --package service --target "$(rustc --print host-tuple)" \
    && install -D -m 0755 target/*/release/service /app/var/task/bootstrap

FROM ${BASE}
# Two layers: a change of the service is pushed without the rest.
COPY --from=build /base/ /
COPY --from=build /app/ /
# TLS libraries look for the bundle in a place that differs from base to base; this is where it is on all of them.
ENV SSL_CERT_FILE=/var/task/ca-certificates.crt
WORKDIR /var/task
# In exec form: there is no shell.
ENTRYPOINT ["/var/task/bootstrap"]
