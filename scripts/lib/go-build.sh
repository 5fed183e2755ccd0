# Sourced by scripts/*/build: builds a Go program once, into the cache.
# shellcheck shell=bash disable=SC2154,SC2164 # the caller's variables and -e
#
# The caller sets
#   title     what is built, as prose says it
#   program   name of the binary
#   version   its version
#   go        the oldest Go that builds it, such as 1.25.8
#   manifest  the files beside it on which the build depends, an array
#   beside    further binaries of the build, an array; may be unset
# and defines `build`, which runs in an empty folder and leaves the binary there
# as ./$program, and the further ones as well; then it calls `go_build "$@"`.

# shellcheck source=scripts/lib/cache.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/cache.sh"

# The caller's folder.
here=$(cd -- "$(dirname -- "${BASH_SOURCE[1]}")" && pwd)
name=$(basename -- "$here")/build

say() { printf '%s: %s\n' "$name" "$*" >&2; }

usage() {
  cat <<EOF
usage: scripts/$name [--help]

Builds $title $version.
Prints the path of the binary, and nothing else, on stdout. A finished build is
used again.

$(cache_usage)

Needs Go $go or newer, and the Go module proxy for the first build.
EOF
}

# The first digits of the hash of the manifest's files.
manifest_hash() {
  local sum=(sha256sum)
  command -v sha256sum >/dev/null || sum=(shasum -a 256)
  local hash
  hash=$(cd -- "$here" && cat -- "${manifest[@]}" | "${sum[@]}")
  printf '%s\n' "${hash:0:12}"
}

need_go() {
  local need="Go $go or newer is needed to build $title" have
  if ! command -v go >/dev/null; then
    say "$need; no go on the PATH"
    exit 1
  fi
  have=$(go env GOVERSION)
  # What is no release passes: it is newer.
  if [[ $have =~ ^go([0-9.]+) ]] &&
    [[ $(printf '%s\n' "$go" "${BASH_REMATCH[1]}" | sort -V | head -n 1) != "$go" ]]; then
    say "$need; found $have"
    exit 1
  fi
}

# The version of a module that go.mod beside the caller pins.
pinned_version() {
  awk -v module="$1" '$1 == module { print substr($2, 2); exit }' "$here/go.mod"
}

# For `build`: packages as go.mod and go.sum pin them and all they use, which
# `go install` would not take where that go.mod replaces or excludes modules.
# Flags of `go build` may come first. A binary is called as its package.
build_pinned() {
  go -C "$here" build -mod=readonly -trimpath -ldflags='-s -w' -o "$PWD/" "$@"
}

finished() { [[ -x $bin ]] && "$bin" --version >/dev/null 2>&1; }

go_build() {
  case "${1-}" in
    '') ;;
    -h | --help) usage; exit 0 ;;
    *) say "unknown argument: $1"; usage >&2; exit 2 ;;
  esac

  local cache out
  cache=$(cache_folder)
  out=$cache/$program-$version-$(manifest_hash)
  bin=$out/$program
  if ! finished; then
    export GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0
    need_go
    # One build at a time, where flock exists; without it, the last rename wins.
    if command -v flock >/dev/null; then
      exec 9>"$out.lock"
      flock 9
    fi
    finished || build_into "$out"
  fi
  printf '%s\n' "$bin"
}

build_into() {
  # In the cache folder, so that the last step is a rename on one file system.
  tmp=$(mktemp -d "$(dirname -- "$1")/.build-XXXXXX")
  trap 'rm -rf -- "$tmp"' EXIT
  say "building $title $version with $(go env GOVERSION) into $1 (minutes, when the Go caches are empty)"
  cd -- "$tmp"
  build >&2
  "./$program" --version >&2
  mkdir -p -- "$1"
  # The program last: what is there then is whole.
  mv -f -- ${beside[@]+"${beside[@]}"} "$program" "$1"
  say "finished in ${SECONDS}s"
}
