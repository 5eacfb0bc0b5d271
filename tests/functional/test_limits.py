# SPDX-License-Identifier: Apache-2.0
"""Rate limits: told on every answer, exact over all nodes, held without Redis."""

import collections
import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from room_client import RoomClient
from stack import ROOT, wait_until

ONE_PER_CENT = {"STOA_RATE_LIMIT_PERCENT": "1"}  # of 600 a minute: 6


@pytest.fixture
def nodes(stoa):
    """Two nodes that limit soon; people sign in at the shared one."""
    urls = [stoa.start_node(ONE_PER_CENT) for _ in range(2)]
    yield urls
    for url in urls:
        stoa.stop_node(url)


def ask(user):
    return user.http.get("/users/profile")


def statuses(answers):
    return collections.Counter(answer.status_code for answer in answers)


def test_answers_tell_what_is_left(stoa, nodes, new_user):
    user = new_user().at(nodes[0])
    for left in (5, 4, 3, 2, 1, 0):
        answer = ask(user)
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Limit"] == "6"
        assert answer.headers["RateLimit-Remaining"] == str(left)
        assert 0 < int(answer.headers["RateLimit-Reset"]) <= 60
    refused = ask(user)
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert refused.headers["Retry-After"] == refused.headers["RateLimit-Reset"]
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert refused.json()["code"] == "rate_limited"
    assert user.http.get("/rooms/list").status_code == 200, "each route counts by itself"
    assert ask(new_user().at(nodes[0])).status_code == 200, "and each user"
    assert "RateLimit-Limit" not in requests.get(nodes[0] + "/healthz", timeout=10).headers


def test_the_defaults_are_the_table(stoa, new_user):
    url = stoa.start_node({"STOA_RATE_LIMIT_PERCENT": "100"})
    user = new_user().at(url)
    assert ask(user).headers["RateLimit-Limit"] == "600"
    assert user.http.post("/rooms/" + user.id + "/messages").headers["RateLimit-Limit"] == "120"
    upload = user.http.post("/documents/upload", files={"other": b""})
    assert upload.headers["RateLimit-Limit"] == "30"
    challenge = requests.post(f"{url}/api/v1/auth/siws/challenge", json={}, timeout=10)
    assert challenge.headers["RateLimit-Limit"] == "60"
    stoa.stop_node(url)


def test_the_table_in_the_documentation_is_the_programs(stoa):
    text = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (\d+) a minute \| (user|address) \|$", text, re.M)
    told = {
        route.replace(" /", " /api/v1/"): f"{requests}/60s/{of_one}"
        for _, routes, requests, of_one in rows
        for route in re.findall(r"`([A-Z]+ [^`]+)`", routes)
    }
    [others] = [f"{row[2]}/60s/{row[3]}" for row in rows if row[0] == "requests"]
    assert len(told) >= 9
    for line in stoa.run("routes").stdout.splitlines():
        method, path, _, limit = line.split()
        limited = path.startswith("/api/v1/") and not path.startswith("/api/v1/websocket/")
        default = others if limited else "unlimited"
        assert limit == told.pop(f"{method} {path}", default), line
    assert told == {}, "routes that are not there"


def test_a_limit_is_changed_by_its_name(stoa, start, new_user):
    url = start(rate_limits="uploads=2, requests=7", rate_limit_percent="100")
    user = new_user().at(url)
    assert ask(user).headers["RateLimit-Limit"] == "7"
    answers = [user.http.post("/documents/upload", files={"other": b""}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 429]
    challenge = requests.post(f"{url}/api/v1/auth/siws/challenge", json={}, timeout=10)
    assert challenge.headers["RateLimit-Limit"] == "60", "the others stay as they are"


def test_a_persons_frames_count_together_whatever_socket_they_come_by(stoa, nodes, new_user):
    user = new_user()
    room = user.room()
    first, second = (RoomClient.of(user, room["id"], url) for url in nodes)
    assert first.say("one is all that is allowed")["type"] == "ack"
    refused = second.say("two")
    assert refused["type"] == "error"
    assert refused["data"]["code"] == "rate_limited"
    assert "1 are allowed in a minute" in refused["data"]["message"]
    assert second.ask("ping")["type"] == "pong", "the socket stays"
    reaction = {"message_id": str(uuid.uuid4()), "emoji": "👍"}
    assert second.ask("reaction_add", **reaction)["data"]["code"] != "rate_limited"
    for _ in range(4):
        RoomClient.of(user, room["id"], nodes[0]).close()
    late = RoomClient(nodes[1], room["id"], bearer=user.token)
    assert late.wait_for("error")["data"]["code"] == "rate_limited"
    assert late.wait_for_close() == 1013


class From(requests.adapters.HTTPAdapter):
    """Connects from an address of its own."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **more):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **more)


def test_strangers_count_by_address(stoa):
    url = stoa.start_node({"STOA_RATE_LIMIT_PERCENT": "10"})
    for address in ("127.0.0.77", "127.0.0.78"):
        with requests.Session() as stranger:
            stranger.mount("http://", From(address))
            path = url + "/api/v1/auth/wallet/connect"
            answers = [stranger.post(path, json={}, timeout=10) for _ in range(9)]
        assert statuses(answers) == {422: 6, 429: 3}
    stoa.stop_node(url)


def test_a_thousand_at_once_over_two_nodes_are_counted_exactly(stoa, nodes, new_user):
    user = new_user()
    people = [user.at(nodes[i % 2]) for i in range(50)]
    with ThreadPoolExecutor(50) as pool:
        answers = [
            answer
            for some in pool.map(lambda person: [ask(person) for _ in range(20)], people)
            for answer in some
        ]
    assert statuses(answers) == {200: 6, 429: 994}


def test_a_node_without_redis_holds_the_limit_by_itself(stoa, nodes, new_user):
    user, other = new_user(), new_user()
    assert ask(user.at(nodes[0])).status_code == 200
    stoa.stop_redis()
    for url in nodes:
        assert statuses(ask(user.at(url)) for _ in range(20)) == {200: 6, 429: 14}
        assert ask(other.at(url)).status_code == 200
    stoa.start_redis()

    def together():
        """What one node counted the other knows."""
        somebody = new_user()
        left = [ask(somebody.at(url)).headers["RateLimit-Remaining"] for url in nodes]
        return left == ["5", "4"]

    wait_until("the nodes count together", together, 20)


def test_limits_can_be_turned_off(stoa, new_user):
    url = stoa.start_node({"STOA_RATE_LIMIT_PERCENT": "0"})
    assert "RateLimit-Limit" not in ask(new_user().at(url)).headers
    stoa.stop_node(url)
