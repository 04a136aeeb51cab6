#!/bin/bash
# The HEALTHCHECK of the images: succeeds when the service in this container answers /ready with 200. Bash opens the
# connection itself, so a check takes 2 ms. A Node process took 90 ms of CPU.
exec 3<>"/dev/tcp/127.0.0.1/$HTTP_PORT" || exit 1
printf 'GET /ready HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
# Expects HTTP/1.1 200 OK. The wait is limited, because a frozen service accepts connections but never answers.
read -r -t 8 _ status _ <&3
[[ $status == 200 ]]
