#!/bin/sh
# Gets what building and testing need, without root and without touching the system: everything goes into
# node_modules/ and .cache/ of this folder. Prints one line per thing. Safe to run again at any time.
#
# It is POSIX sh because it must run before Node 26 is here: npm brings that one too.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
cache=$root/.cache

. scripts/debian.sh

say() { printf 'setup: %-12s %s\n' "$1" "$2"; }

# `npm ci` would refuse where a registry does not carry the packages of other platforms, which are then
# absent from the lock; `npm install --no-save` takes the same versions and checks the same hashes.
# No install script is needed by any dependency, so none is run.
packages() {
  if [ -e node_modules/.package-lock.json ] &&
    [ -z "$(find package-lock.json -newer node_modules/.package-lock.json)" ]; then
    say packages "found node_modules (Node $(node_modules/.bin/node --version))"
    return
  fi
  say packages "installing Node 26 and the npm packages of package-lock.json into node_modules (about 500 MB) …"
  npm install --no-save --ignore-scripts --loglevel=error ||
    fail "npm could not install the packages (its message is above). It needs a network and an npm registry."
  touch node_modules/.package-lock.json
  say packages "installed node_modules (Node $(node_modules/.bin/node --version))"
}

# tool COMMAND PACKAGE
tool() {
  unpacked=$cache/tools/usr/bin/$1
  if found=$(command -v "$1"); then
    say "$1" "found $found"
  elif [ -x "$unpacked" ]; then
    say "$1" "found ${unpacked#"$root"/}"
  else
    say "$1" "downloading Debian's package $2 into .cache/tools …"
    unpack_debian "$2" "$cache/tools"
    say "$1" "installed ${unpacked#"$root"/}"
  fi
}

# etcd, kube-apiserver and kube-controller-manager; without them the cluster tests are skipped, by name.
control_plane() {
  assets=${KUBE_ASSETS:-$cache/kube}
  for program in etcd kube-apiserver kube-controller-manager; do
    if [ ! -x "$assets/$program" ]; then
      say cluster "no $program in $assets: cluster tests are skipped. scripts/build-control-plane.sh makes them"
      return
    fi
  done
  say cluster "found $assets"
}

packages
tool prometheus prometheus
tool promtool prometheus
tool kubectl kubernetes-client
control_plane
