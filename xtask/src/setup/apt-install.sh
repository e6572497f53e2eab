#!/bin/sh
# Installs Debian packages without starting the services they bring.
# policy-rc.d is Debian's way to say so to every package's scripts. A policy that is there
# already is the machine's own and stays; ours is gone when this script ends, however it ends.
set -eu
policy=/usr/sbin/policy-rc.d
if (set -C && printf '#!/bin/sh\nexit 101\n' >"$policy") 2>/dev/null; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' HUP INT TERM
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "$@" >/dev/null
