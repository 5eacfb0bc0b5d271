# SPDX-License-Identifier: Apache-2.0
"""The pages in a real browser: their scripts run and show what the API says."""

import os
import shutil
import subprocess

import pytest
import requests

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
