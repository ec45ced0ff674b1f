# Sourced, as root, with $root (this repository) and $work (an empty folder on a real disk) set: gives Buildah a storage of its
# own in $work, and makes in it what the Dockerfile builds in. The public builder image may be out of reach where this runs, so
# one that does the same is made of Debian and of this machine's Rust, under the public one's name.
# shellcheck shell=bash disable=SC2154

# Overlay is what engines use; where this runs inside a container it may not be possible.
mkdir -p "$work"/overlay/{lower,upper,work,merged} "$work/tmp"
driver=vfs
if mount -t overlay overlay "$work/overlay/merged" \
    -o "lowerdir=$work/overlay/lower,upperdir=$work/overlay/upper,workdir=$work/overlay/work" 2>/dev/null; then
    umount "$work/overlay/merged"
    driver=overlay
fi
printf '[storage]\ndriver = "%s"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' "$driver" "$work" "$work" \
    >"$work/storage.conf"
export STORAGE_DRIVER=$driver CONTAINERS_STORAGE_CONF=$work/storage.conf BUILDAH_ISOLATION=chroot TMPDIR=$work/tmp

# What the storage has mounted below the folder goes first, the innermost before the rest.
remove_work() {
    awk -v below="$work/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount
    rm -rf "$work"
}

builder_image() {
    local name rust place container
    name=$(sed -n 's/^FROM \(docker\.io[^ ]*\) AS build$/\1/p' "$root/Dockerfile")
    [ -n "$name" ] || { echo "the Dockerfile names no builder image" && return 1; }
    # It asks for a list once only; what is a bad moment of the network is over at the second try.
    for try in 1 2; do
        rm -rf "$work/builder"
        debootstrap --variant=minbase --include=ca-certificates,gcc,libc6-dev bookworm "$work/builder" \
            http://deb.debian.org/debian >"$work/debootstrap.log" 2>&1 && break
        tail -5 "$work/debootstrap.log"
        [ "$try" = 1 ] || return 1
    done
    rust=$(rustc --print sysroot)
    place=$work/builder/usr/local
    mkdir -p "$place/lib/rustlib" "$place/cargo"
    cp -a "$rust"/bin/{cargo,rustc} "$place/bin/"
    cp -a "$rust"/lib/*.so* "$place/lib/"
    cp -a "$rust/lib/rustlib/$(rustc --print host-tuple)" "$place/lib/rustlib/"
    # Cargo gets at its registry there as it does here.
    cp "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$work/builder/etc/ssl/certs/ca-certificates.crt"
    if [ -f "${CARGO_HOME:-$HOME/.cargo}/config.toml" ]; then
        cp "${CARGO_HOME:-$HOME/.cargo}/config.toml" "$place/cargo/"
    fi
    container=$(buildah from scratch)
    cp -a "$work/builder/." "$(buildah mount "$container")/"
    rm -rf "$work/builder"
    buildah config --env CARGO_HOME=/usr/local/cargo --env CARGO_NET_RETRY=10 \
        --env PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "$name" >/dev/null
    echo "$name of Debian and $(rustc --version), storage driver $driver, in $SECONDS s"
}
