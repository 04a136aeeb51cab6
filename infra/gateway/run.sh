#!/bin/sh
# Runs nginx, and tells it the replicas of each service whenever they change. By itself nginx before 1.27.3 looks a name
# up either once, at its start, or for each request; but then it keeps no connections, which costs more than half of the
# throughput. Later ones have `resolve` for it; this works with all of them.
set -eu

# Prints the upstream of the service $1 at port $2: every address that Docker's name server has for it.
upstream() {
  servers=$(getent ahostsv4 "$1" | awk -v port="$2" '{ print "server " $1 ":" port " fail_timeout=1s;" }' | sort -u)
  # nginx requires at least one server, so without replicas this is a port that refuses.
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
# Open requests are finished.
trap 'kill -QUIT "$nginx"' TERM INT QUIT
while kill -0 "$nginx" 2>/dev/null; do
  # In the background, because the shell handles a signal only after a foreground command has ended.
  sleep 1 &
  wait $! || true
  if look_up; then kill -HUP "$nginx"; fi
done
wait "$nginx"
