# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev and tools/*.sh: what Stoa needs of the system, by distribution, and how to get
# it. Debian 12, Debian 13, Ubuntu 24.04 are known; their successors are tried as the newest.
# shellcheck shell=bash disable=SC2034

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
fail() { printf 'dev: %s\n' "$*" >&2; exit 1; }

. /etc/os-release
distribution=$ID
case "$ID-${VERSION_ID:-}" in
  debian-12) boost=1.81 postgres=15 ;;
  ubuntu-24.04) boost=1.83 postgres=16 ;;
  debian-*) boost=1.83 postgres=17 ;;
  ubuntu-*) boost=1.83 postgres=17 ;;
  *) fail "this is $ID ${VERSION_ID:-}; ./dev knows Debian 12, Debian 13, Ubuntu 24.04" ;;
esac
case "$ID" in
  debian) pgvector_suites="trixie forky sid" pgvector_component=main ;;
  ubuntu) pgvector_suites="resolute questing plucky" pgvector_component=universe ;;
esac

build_packages=(
  g++ make cmake ninja-build ccache mold pkg-config git curl ca-certificates python3 python3-venv
  "libboost$boost-dev" "libboost-json$boost-dev" libcli11-dev libcurl4-openssl-dev
  libexpected-dev libfmt-dev libgmock-dev libgtest-dev libhiredis-dev libminizip-dev libmupdf-dev
  libpq-dev libseccomp-dev libsodium-dev libspdlog-dev libssl-dev libtomlplusplus-dev
  libutf8proc-dev libxml2-dev prometheus-cpp-dev python3-yaml zlib1g-dev
  # What the static library of MuPDF needs.
  libmujs-dev libgumbo-dev libopenjp2-7-dev libjbig2dec0-dev libjpeg-dev libharfbuzz-dev
  libfreetype-dev
)
# redis-tools carries the server's binary without its service.
runtime_packages=("postgresql-$postgres" redis-tools)
# The last brings the PDF that the demo reads.
demo_packages=(python3-nacl python3-requests python3-websocket developers-reference)
# A real browser for the pages, what reads scanned ones, and a load balancer in front of two nodes.
case "$ID" in
  ubuntu) test_packages=(chromium-browser tesseract-ocr haproxy) ;;
  *) test_packages=(chromium tesseract-ocr haproxy) ;;
esac
check_packages=(clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev)

as_root() {  # COMMAND…: functions of this file included
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || fail "needs root for: $*; become root or install sudo"
  if [ "$(type -t "$1")" = function ]; then
    sudo bash -c '. "$0"; "$@"' "$PWD/tools/packages.sh" "$@"
  else
    sudo "$@"
  fi
}

missing_packages() {  # NAME…: prints those that are not installed
  local -A have=()
  local name
  while read -r name; do have[$name]=1; done < <(
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
      sed -n 's/^installed //p')
  for name in "$@"; do [ -n "${have[$name]:-}" ] || echo "$name"; done
}

newest_postgres() {  # prints the highest major version >= 15 that has a server here
  local best=0 dir major
  for dir in /usr/lib/postgresql/*/bin/postgres; do
    [ -x "$dir" ] || continue
    major=$(basename "$(dirname "$(dirname "$dir")")")
    if [ "$major" -ge 15 ] && [ "$major" -gt "$best" ]; then best=$major; fi
  done
  [ "$best" -gt 0 ] && echo "$best"
}

apt_install() {  # NAME…: as root; nothing installed is upgraded, no service is created or started
  local policy=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.conf
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -q=2 -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  "${apt[@]}" update || say "apt-get update failed; trying with the package lists at hand"

  put_back() {
    rm -f "$policy"
    [ ! -e "$policy.before-stoa" ] || mv "$policy.before-stoa" "$policy"
    [ ! -e "$cluster" ] || sed -i '/# by stoa$/d' "$cluster"
  }
  trap put_back EXIT
  # One of ours was left by a run that was killed; it is not the machine's own.
  ! grep -qs '# by stoa$' "$policy" || rm -f "$policy"
  [ ! -e "$policy" ] || mv "$policy" "$policy.before-stoa"
  printf '#!/bin/sh\nexit 101 # by stoa\n' > "$policy"
  chmod 755 "$policy"
  case " $* " in *" postgresql-"*)
    # The cluster manager first, so that it can be told not to make a cluster for the server.
    "${apt[@]}" install -y --no-install-recommends --no-upgrade postgresql-common >/dev/null
    echo 'create_main_cluster = false # by stoa' >> "$cluster" ;;
  esac
  "${apt[@]}" install -y --no-install-recommends --no-upgrade "$@" >/dev/null
  put_back
  trap - EXIT
}
