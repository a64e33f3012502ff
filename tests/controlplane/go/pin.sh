#!/bin/sh
# Pins the control plane of the tests to one Kubernetes release: writes go.mod and go.sum.
#
#   ./pin.sh v1.37.2
#
# Kubernetes' own go.mod replaces its staging modules by folders that are not part of the published
# module, and Go honours replaces only in the main module: so each is replaced here by the module of
# the same release (v1.X.Y of Kubernetes is v0.X.Y of the staging modules). The etcd server is the
# version that Kubernetes itself requires.
set -eu
cd "$(dirname "$0")"
version=${1:?usage: ./pin.sh v1.X.Y}
staging="v0.${version#v1.}"

upstream=$(mktemp)
trap 'rm -f "$upstream"' EXIT
cp "$(cd / && go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')" "$upstream"
etcd=$(sed -n 's|^\tgo.etcd.io/etcd/server/v3 \(v[^ ]*\).*|\1|p' "$upstream")

rm -f go.mod go.sum
{
    echo "module kubemint/tests/controlplane"
    echo
    grep '^go ' "$upstream"
    echo
    grep '^godebug ' "$upstream"
    echo
    echo "require ("
    printf '\tgo.etcd.io/etcd/server/v3 %s\n' "$etcd"
    printf '\tk8s.io/kubernetes %s\n' "$version"
    # Those that main.go imports itself; `go mod tidy` adds the rest.
    for module in client-go component-base kubectl; do
        printf '\tk8s.io/%s %s\n' "$module" "$staging"
    done
    echo ")"
    echo
    echo "replace ("
    sed -n "s|^\t\(k8s.io/[^ ]*\) => \./staging/.*|\t\1 => \1 $staging|p" "$upstream"
    echo ")"
} > go.mod
go mod tidy
