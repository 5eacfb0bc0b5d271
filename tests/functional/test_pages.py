# SPDX-License-Identifier: Apache-2.0
"""The pages in a real browser: their scripts run and show what the API says."""

import os
import shutil
import subprocess

import pytest
import requests

from stack import wait_until

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


def show(url, profile):
    """The page's DOM after its scripts ran."""
    assert BROWSER, "Chromium is missing; ./dev test installs it"
    command = [
        BROWSER,
        "--headless",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
        "--disable-background-networking",
        "--disable-component-update",
        f"--user-data-dir={profile}",
        "--virtual-time-budget=5000",
        "--dump-dom",
        url,
    ]
    if os.geteuid() == 0:
        command.insert(1, "--no-sandbox")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout


def test_the_front_page_shows_what_runs(stoa, tmp_path):
    def is_all_there():
        parts = requests.get(stoa.url + "/readyz", timeout=10).json()["parts"]
        return all(part["ok"] for part in parts.values())

    wait_until("every part is there", is_all_there)
    page = show(stoa.url + "/", tmp_path)
    for part in ("postgres", "schema", "redis", "worker"):
        assert f'<dt>{part}</dt><dd class="ok">' in page


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documentation_lists_the_operations_offline(stoa, tmp_path, path):
    page = show(stoa.url + path, tmp_path)
    assert "/api/v1/rooms/{room_id}/ask" in page
    assert "Could not be shown" not in page
    assert "<td><code>typing_status</code> (passing)</td><td>presence</td>" in page
    assert "<li><code>pong</code> {id?}</li>" in page


def test_pages_come_compressed_and_once(stoa):
    url = stoa.url + "/openapi.json"
    packed = requests.get(url, headers={"Accept-Encoding": "gzip"}, timeout=10)
    plain = requests.get(url, headers={"Accept-Encoding": "gzip;q=0"}, timeout=10)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 4
    assert packed.json() == plain.json()
    for answer in (packed, plain):
        assert "Accept-Encoding" in answer.headers["Vary"]
        sent = {
            "If-None-Match": answer.headers["ETag"],
            "Accept-Encoding": answer.request.headers["Accept-Encoding"],
        }
        again = requests.get(url, headers=sent, timeout=10)
        assert (again.status_code, again.content) == (304, b"")
    assert packed.headers["ETag"] != plain.headers["ETag"]


@pytest.mark.parametrize("path", ["/", "/docs.js", "/docs/errors", "/openapi.json"])
def test_a_part_of_a_page_comes_alone(stoa, path):
    def ask(method="GET", **headers):
        return requests.request(method, stoa.url + path, headers=headers, timeout=10)

    whole = ask(**{"Accept-Encoding": "identity"})
    size, etag = len(whole.content), whole.headers["ETag"]
    assert whole.headers["Accept-Ranges"] == "bytes"
    for sent in ({}, {"Accept-Encoding": "gzip"}, {"If-Range": etag}):
        part = ask(Range="bytes=10-29", **sent)
        assert (part.status_code, part.content) == (206, whole.content[10:30])
        assert part.headers["Content-Range"] == f"bytes 10-29/{size}"
        assert part.headers["ETag"] == etag and "Content-Encoding" not in part.headers
        assert part.headers["Content-Security-Policy"] and part.headers["Content-Type"]
    assert ask(Range="bytes=-5").content == whole.content[-5:]
    beyond = ask(Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    for condition in ('"another"', "W/" + etag, "Sun, 06 Nov 1994 08:49:37 GMT", "nonsense"):
        old = ask(Range="bytes=10-29", **{"If-Range": condition})
        assert (old.status_code, old.content) == (200, whole.content), condition
    head = ask("HEAD", Range="bytes=10-29", **{"Accept-Encoding": "identity"})
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(size))
    known = ask(Range="bytes=10-29", **{"If-None-Match": etag})
    assert (known.status_code, known.content) == (304, b"")
