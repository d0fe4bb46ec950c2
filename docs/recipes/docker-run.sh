#!/bin/sh
# One run in a container. Config, exports, ledger and results are in the folder FOLDER of this machine, which USER_IDS may write to; the
# container's own layer is read-only and is thrown away. The key's file must be readable by USER_IDS.
set -eu
: "${FOLDER:=/srv/tasks}" "${KEY_FILE:=/etc/lightfield-etl/api-key}" "${USER_IDS:=10001:10001}" "${IMAGE:=lightfield-etl:0.1.0}"

# --stop-timeout: `docker stop` lets what is in flight end. The exit code is the program's own.
exec docker run --rm --read-only --tmpfs /tmp:rw,mode=1777 \
    --user "$USER_IDS" --cap-drop ALL --security-opt no-new-privileges --stop-timeout 90 \
    --volume "$FOLDER:/data" \
    --volume "$KEY_FILE:/run/secrets/api-key:ro" --env LIGHTFIELD_API_KEY_FILE=/run/secrets/api-key \
    "$IMAGE" run my-tasks.yaml 'exports/*.csv' --quiet --wait 10m
