#!/bin/sh
# Builds the Kubernetes control plane that the cluster tests run against, from Debian's packages, without root:
#   kube-apiserver, kube-controller-manager   from the source package `kubernetes`, with Debian's Go 1.19
#   etcd                                      as it is in the package `etcd-server`
# into .cache/kube, where the tests find them. Needs a network, make, rsync and dpkg-dev, 5 GB of disk, and about
# 13 minutes on two cores. Or set KUBE_ASSETS to a folder that has the three programs: then nothing is built.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
cache=$root/.cache
work=$cache/kubernetes
. scripts/debian.sh

say() { printf 'control plane: %s\n' "$1"; }

for tool in dpkg-source make rsync; do
  command -v "$tool" >/dev/null || fail "$tool is needed: apt-get install dpkg-dev make rsync"
done

# The machine's own package sources, with their source packages.
sources() {
  mkdir -p "$cache/apt/sources"
  rm -f "$cache/apt/sources/"*
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -e "$file" ] && grep -q debian "$file" &&
      sed 's/^Types:.*/Types: deb deb-src/' "$file" >"$cache/apt/sources/$(basename "$file")"
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -e "$file" ] && sed -n 's/^deb \(.*debian.*\)/deb \1\ndeb-src \1/p' "$file" \
      >"$cache/apt/sources/$(basename "$file" .list).list"
  done
  true
}

with_sources() {
  own_apt -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$cache/apt/sources" "$@"
}

mkdir -p "$work" "$cache/kube"

say "etcd from Debian's package"
unpack_debian etcd-server "$work/etcd"
cp "$work/etcd/usr/bin/etcd" "$cache/kube/etcd"

say "Go from Debian's packages"
unpack_debian golang-1.19-go "$work/go"
unpack_debian golang-1.19-src "$work/go"

say "the source package of kubernetes"
sources
with_sources update
rm -rf "$work/source"
mkdir "$work/source"
(cd "$work/source" && with_sources source --download-only kubernetes && dpkg-source --no-check -x ./*.dsc tree)

# With the reflect2 that the source package brings, Go 1.19 crashes the API server on its first custom resource.
say "reflect2 from Debian's packages"
unpack_debian golang-github-modern-go-reflect2-dev "$work/reflect2"
rm -rf "$work/source/tree/vendor/github.com/modern-go/reflect2"
cp -R "$work/reflect2/usr/share/gocode/src/github.com/modern-go/reflect2" \
  "$work/source/tree/vendor/github.com/modern-go/reflect2"

say "building, which takes about 13 minutes on two cores …"
export PATH="$work/go/usr/lib/go-1.19/bin:$PATH" GOCACHE="$work/go-cache"
make -C "$work/source/tree" WHAT="cmd/kube-apiserver cmd/kube-controller-manager"
for program in kube-apiserver kube-controller-manager; do
  cp "$work/source/tree/_output/local/bin/linux/"*"/$program" "$cache/kube/$program"
done
rm -rf "$work"
say "ready in .cache/kube"
