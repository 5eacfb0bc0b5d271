# SPDX-License-Identifier: Apache-2.0
"""One whole Stoa for all tests of a run; each test brings its own people. See stack.py."""

import pytest

from job_programs import JobStack
from stack import Stack


@pytest.fixture(scope="session")
def shared_stack():
    stack = Stack()
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def stack():
    """Jobs of the tests' own, without `stoa serve`; each file has its own."""
    made = JobStack()
    yield made
    made.close()


@pytest.fixture
def stoa(shared_stack):
    """The shared stack, whole again before and after the test."""
    shared_stack.heal()
    yield shared_stack
    shared_stack.heal()


@pytest.fixture
def new_user(stoa):
    return stoa.new_user


@pytest.fixture
def two(stoa, new_user):
    """Ada's room with Bob in it."""
    ada, bob = new_user(), new_user()
    ada.the_room = ada.room()
    assert bob.http.post("/rooms/join", json={"room_id": ada.the_room["id"]}).status_code == 200
    return ada, bob, ada.the_room["id"]


@pytest.fixture
def other_node(stoa):
    url = stoa.start_node()
    yield url
    if url in stoa.nodes:
        stoa.stop_node(url)


@pytest.fixture
def start(stoa):
    """Starts nodes that end with the test; settings by their names."""
    urls = []

    def start_node(port=None, ca=None, **settings):
        env = {f"STOA_{name.upper()}": str(value) for name, value in settings.items()}
        urls.append(stoa.start_node(env, port, ca))
        return urls[-1]

    yield start_node
    for url in urls:
        if url in stoa.nodes:
            stoa.stop_node(url)
