# Sourced by setup.sh and build-control-plane.sh: Debian's packages without root, into .cache of this folder.
# Expects `cache` (a path); defines functions only.

fail() {
  printf 'setup: %s\n' "$1" >&2
  exit 1
}

# apt-get with package lists of this folder's own, for machines whose lists are empty or have no sources, and for
# people who are not root.
own_apt() {
  mkdir -p "$cache/apt/state/lists/partial" "$cache/apt/cache/archives/partial"
  apt-get -qq -o Dir::State="$cache/apt/state" -o Dir::State::status=/var/lib/dpkg/status \
    -o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@"
}

# unpack_debian PACKAGE FOLDER: puts the files of a Debian package into the folder. Nothing is installed or started.
unpack_debian() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    fail "$1 is needed and this is no Debian: install it, put it on PATH, and run this again."
  mkdir -p "$cache/deb" "$2"
  rm -f "$cache/deb/$1"_*.deb
  (
    cd "$cache/deb"
    apt-get -qq -o APT::Sandbox::User=root download "$1" 2>/dev/null ||
      { own_apt update && own_apt download "$1"; }
  ) || fail "could not download Debian's package $1. Give this machine a network, or put the program on PATH."
  dpkg-deb -x "$cache/deb/$1"_*.deb "$2"
  rm -f "$cache/deb/$1"_*.deb
}
