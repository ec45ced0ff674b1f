# What the scripts in .ci/peers have in common: a folder of their own, checks that are counted, an environment that no
# setting of whoever runs them leaks into. To be sourced, with `root` set; `callboard` is the built program.
callboard=$root/target/debug/callboard
# Not whatever `aws` comes first: PyPI's is v1, which has no `logs tail`.
aws_cli=/usr/bin/aws
work=$(mktemp -d)
children=()
count=0

cleanup() {
    for child in "${children[@]}"; do
        kill "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap cleanup EXIT

fail() {
    echo "FAILED: $1"
    shift
    [ $# -eq 0 ] || printf '  %s\n' "$@"
    for said in "$work"/*.err; do
        [ ! -s "$said" ] || { echo "  the end of $(basename "$said"):"; tail -n 15 "$said" | sed 's/^/  | /'; }
    done
    exit 1
}

# is WHAT EXPECTED GOT
is() {
    [ "$2" = "$3" ] || fail "$1" "expected: $2" "got:      $3"
    count=$((count + 1))
    echo "ok $1"
}

# has WHAT PART WHOLE
has() {
    case $3 in
        *"$2"*) ;;
        *) fail "$1" "expected in it: $2" "got: $3" ;;
    esac
    count=$((count + 1))
    echo "ok $1"
}

# until_true SECONDS WHAT COMMAND…: waits for a condition to come true.
until_true() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "waited in vain: $what"
        sleep 0.1
    done
}

# The local cloud of the folder in hand, in the foreground of a child; its lines for the shell are read in.
start_local_cloud() {
    "$callboard" --cloud local local --port 0 --fresh >"$work/local.out" 2>"$work/local.err" &
    children+=($!)
    until_true 30 "the local cloud says its address" grep -q AWS_REGION "$work/local.out"
    # shellcheck disable=SC1091  # the lines are meant to be read by a shell
    . "$work/local.out"
}

# No profile and no setting of whoever runs this may leak in.
unset AWS_PROFILE AWS_SESSION_TOKEN
export CARGO_HOME=${CARGO_HOME:-$(eval echo ~"$(id -un)")/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$(eval echo ~"$(id -un)")/.rustup}
export HOME=$work/home AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
export AWS_PAGER='' NO_COLOR=1
mkdir "$HOME"
