# Sourced: the folder in which the scripts keep what they build.
# shellcheck shell=bash

unset CDPATH

# Prints the cache folder, which it makes where it is missing.
cache_folder() {
  local cache=${PQCNET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pqcnet-telemetry}
  mkdir -p -- "$cache"
  (cd -- "$cache" && pwd)
}

# What `cache_folder` goes by, for a usage text.
cache_usage() {
  cat <<'EOF'
Cache folder, the first that is set:
  $PQCNET_CACHE
  $XDG_CACHE_HOME/pqcnet-telemetry
  $HOME/.cache/pqcnet-telemetry
EOF
}
