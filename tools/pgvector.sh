#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pgvector.sh: makes sure that the newest PostgreSQL installed here has pgvector >= 0.8.
#
# Takes the distribution's package when it is new enough, else builds the source package of a newer
# suite. That source comes through apt with a private state, so it is checked by signature and hash
# while the system's own package lists stay as they are. Instruction sets are the baseline's.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

pg=$(newest_postgres) || fail "no PostgreSQL >= 15 under /usr/lib/postgresql; run ./dev deps"
extensions=/usr/share/postgresql/$pg/extension
version_in() {
  sed -n "s/^default_version = '\(.*\)'/\1/p" "$1/vector.control" 2>/dev/null || true
}
installed=$(version_in "$extensions")
if [ -n "$installed" ] && dpkg --compare-versions "$installed" ge 0.8; then exit 0; fi

package=postgresql-$pg-pgvector
candidate=$(apt-cache policy "$package" | awk '/Candidate:/ {print $2}')
if [ -n "$candidate" ] && dpkg --compare-versions "$candidate" ge 0.8; then
  as_root apt_install "$package"
  exit 0
fi

say "building pgvector for PostgreSQL $pg"
work=$PWD/.stoa/cache/pgvector
rm -rf "$work"
mkdir -p "$work"/{headers,source,apt/etc/parts,apt/lists/partial,apt/archives/partial}
: > "$work/apt/status"

# The mirror is the one this machine already uses.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u |
         grep -v security | head -1) || fail "apt knows no mirror; configure one and try again"
keyring=/usr/share/keyrings/$distribution-archive-keyring.gpg

private_apt() {
  apt-get -q=2 -o Dir::Etc::sourcelist="$work/apt/etc/sources.list" \
    -o Dir::Etc::sourceparts="$work/apt/etc/parts" -o Dir::Etc::preferences=/dev/null \
    -o Dir::Etc::preferencesparts="$work/apt/etc/parts" -o Dir::State::lists="$work/apt/lists" \
    -o Dir::State::status="$work/apt/status" -o Dir::Cache="$work/apt" -o Acquire::Retries=3 \
    -o Acquire::Languages=none -o APT::Sandbox::User=root \
    -o Acquire::AllowInsecureRepositories=false -o APT::Get::AllowUnauthenticated=false "$@"
}

fetch_source() {  # SUITE: the upstream tarball of its pgvector, if that is new enough
  echo "deb-src [signed-by=$keyring] $mirror $1 $pgvector_component" > "$work/apt/etc/sources.list"
  private_apt update && (cd "$work" && private_apt --download-only --only-source source pgvector) &&
    compgen -G "$work/pgvector_0.[89]*.orig.tar.*" >/dev/null
}

for suite in $pgvector_suites; do
  if fetch_source "$suite"; then break; fi
  rm -f "$work"/pgvector_*
done
compgen -G "$work/pgvector_*.orig.tar.*" >/dev/null ||
  fail "no pgvector >= 0.8 in $pgvector_suites at $mirror; install it for PostgreSQL $pg by hand"
tar -C "$work/source" --strip-components=1 -xf "$work"/pgvector_*.orig.tar.*

# Only the headers of the -dev package: as a whole it would install clang and LLVM.
(cd "$work" && apt-get -q=2 -o APT::Sandbox::User=root download "postgresql-server-dev-$pg")
dpkg-deb -x "$work"/postgresql-server-dev-*.deb "$work/headers"
options=(USE_PGXS=1 PG_CONFIG="/usr/lib/postgresql/$pg/bin/pg_config" OPTFLAGS= with_llvm=no
         includedir_server="$work/headers/usr/include/postgresql/$pg/server")
make -C "$work/source" -s -j"$(nproc)" "${options[@]}" >"$work/build.log" 2>&1 ||
  { tail -20 "$work/build.log" >&2; fail "pgvector did not build; all of it: $work/build.log"; }

version=$(version_in "$work/source")
as_root install -m 644 -t "/usr/lib/postgresql/$pg/lib" "$work/source/vector.so"
as_root install -m 644 -t "$extensions" "$work"/source/sql/vector--*.sql
as_root install -m 644 -t "$extensions" "$work/source/vector.control"  # last: it says "complete"
rm -rf "$work"
say "pgvector $version is installed for PostgreSQL $pg"
