#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# promtool.sh: .venv/bin/promtool, which knows Prometheus' rules for metrics. Taken out of the
# distribution's package of Prometheus, which is not installed: it would bring a service.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

[ ! -x .venv/bin/promtool ] || exit 0
say "fetching promtool (19 MB)"
work=.stoa/cache/promtool
rm -rf "$work"
mkdir -p "$work"
download() { (cd "$work" && apt-get -q=2 -o APT::Sandbox::User=root download prometheus); }
download || { as_root apt-get -q=2 update && download; } ||
  fail "the package prometheus did not come; see what apt says above"
dpkg-deb -x "$work"/prometheus_*.deb "$work/files"
install -m 755 "$work/files/usr/bin/promtool" .venv/bin/promtool
rm -rf "$work"
