#!/bin/sh
# Runs nginx, and reloads it when the replicas of a service change. nginx before 1.27.3 resolves a name once at its start,
# or for each request. In the second case it keeps no connections open, which costs more than half of the throughput. Newer
# versions have `resolve` for this; the script works with all versions.
set -eu

# Prints the upstream of the service $1 at port $2: every address that Docker's name server has for it.
upstream() {
  servers=$(getent ahostsv4 "$1" | awk -v port="$2" '{ print "server " $1 ":" port " fail_timeout=1s;" }' | sort -u)
  # nginx requires at least one server. Without replicas it gets a port that refuses connections.
  echo "upstream $1 { ${servers:-server 127.0.0.1:1;} keepalive 64; }"
}

look_up() {
  upstream ingest 8080 >/tmp/upstreams.new
  upstream analytics 8082 >>/tmp/upstreams.new
  if cmp -s /tmp/upstreams.new /tmp/upstreams.conf; then return 1; fi
  mv /tmp/upstreams.new /tmp/upstreams.conf
}

look_up
nginx -c /etc/nginx/gateway/nginx.conf -e /dev/stderr -g 'daemon off;' &
nginx=$!
# On QUIT nginx finishes open requests before it ends.
trap 'kill -QUIT "$nginx"' TERM INT QUIT
while kill -0 "$nginx" 2>/dev/null; do
  # In the background, because the shell handles a signal only after a foreground command has ended.
  sleep 1 &
  wait $! || true
  if look_up; then kill -HUP "$nginx"; fi
done
wait "$nginx"
