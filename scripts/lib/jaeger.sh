# Starting a Jaeger; sourced by scripts that trace.

# A port of loopback that nobody has, for programs that don't say which they took.
free_port() {
  python3 -c 'import socket
with socket.socket() as s: s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Starts the Jaeger of program $1 with OTLP at $2 and queries at $3, its log in
# file $4, and waits until both answer. Its process is $jaeger_pid.
start_jaeger() {
  JAEGER_OTLP=$2 JAEGER_QUERY=$3 "$1" --config scripts/jaeger/config.yaml >"$4" 2>&1 &
  jaeger_pid=$!
  for _ in $(seq 200); do
    if curl --silent --fail -o /dev/null "http://$3/api/services" &&
      curl --silent --fail -o /dev/null -H 'content-type: application/json' -d '{}' \
        "http://$2/v1/traces"; then
      return
    fi
    sleep 0.1
  done
  echo 'Jaeger does not answer:' >&2
  cat -- "$4" >&2
  kill "$jaeger_pid"
  return 1
}
