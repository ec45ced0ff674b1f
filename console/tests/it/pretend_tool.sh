#!/bin/sh
# Takes the place of docker, podman and buildah in tests: it is linked under their names into a folder, does what the files in
# that folder say, and writes down each call.
set -eu
folder=$(dirname "$0")
name=$(basename "$0")
echo "$name $*" >>"$folder/calls"

# answer FILE: says what the file holds; without the file the tool does not work.
answer() {
    [ -f "$folder/$name.$1" ] || {
        echo "$name: nothing answers" >&2
        exit 125
    }
    cat "$folder/$name.$1"
}

# after OPTION ARGUMENT…: the argument that follows the option.
after() {
    option=$1
    shift
    while [ "$1" != "$option" ]; do shift; done
    echo "$2"
}

case "$1 ${2:-}" in
"version "*) answer engine ;;
"buildx version") answer buildx ;;
"buildx inspect") answer platforms ;;
"info "*) answer version ;;
"--version "*) echo "$name version $(answer version) (a pretended one)" ;;
"build "* | "buildx build")
    if [ -f "$folder/hang" ]; then
        echo $$ >"$folder/pid"
        sleep 3600
    fi
    if [ -f "$folder/fails" ]; then
        cat "$folder/fails" >&2
        exit 1
    fi
    echo "STEP 1/1: FROM scratch"
    echo "sha256:0123" >"$(after --iidfile "$@")"
    ;;
"save "*) cp "$folder/image.tar" "$(after --output "$@")" ;;
"push "*) for last; do :; done && cp "$folder/image.tar" "${last#docker-archive:}" ;;
*) exit 64 ;;
esac
