# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml against the route table, both ways, and against its own specification."""

import re

import requests
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from stack import ROOT

API = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())


def operations():
    return {
        f"{method.upper()} {re.sub('{[^}]*}', '{}', path)}": operation
        for path, item in API["paths"].items()
        for method, operation in item.items()
    }


def routes(stoa):
    done = stoa.run("routes")
    assert done.returncode == 0, done.stderr
    table = {}
    for line in done.stdout.splitlines():
        method, path, access, limit = line.split()
        table[f"{method} {re.sub('{[^}]*}', '{}', path)}"] = (access, limit)
    return table


def test_is_valid_openapi():
    OpenAPIV31SpecValidator(API).validate()


def test_names_the_routes_and_no_others(stoa):
    assert sorted(operations()) == sorted(routes(stoa))


def test_says_who_may_call(stoa):
    access_of = {
        "[]": "anyone",
        "[{'bearer': []}]": "signed_in",
        "[{}, {'bearer': []}]": "optional",
    }
    told = {name: access_of[str(operation["security"])] for name, operation in operations().items()}
    assert told == {name: access for name, (access, _) in routes(stoa).items()}


def test_says_which_are_limited(stoa):
    told = {name for name, operation in operations().items() if "429" in operation["responses"]}
    assert told == {name for name, (_, limit) in routes(stoa).items() if limit != "unlimited"}


def test_signed_in_writes_take_an_idempotency_key(stoa):
    key = {"$ref": "#/components/parameters/idempotency_key"}
    told = {
        name for name, operation in operations().items() if key in operation.get("parameters", [])
    }
    writes = {
        name
        for name, (access, _) in routes(stoa).items()
        if access == "signed_in" and not name.startswith("GET ") and "/api/v1/auth/" not in name
    }
    writes.remove("PATCH /api/v1/documents/uploads/{}")  # its offset is its key
    assert told == writes
    for name in told:
        assert {"400", "409"} <= set(operations()[name]["responses"]), name


def test_every_route_refuses_a_stranger_as_told(stoa):
    """Each route is called without a token: signed_in ones answer 401 with WWW-Authenticate."""
    nobody = "00000000-0000-7000-8000-000000000000"
    for name, (access, _) in routes(stoa).items():
        method, path = name.split(" ")
        answer = requests.request(method, stoa.url + path.replace("{}", nobody), timeout=10)
        if access == "signed_in":
            assert answer.status_code == 401, name
            assert answer.headers["WWW-Authenticate"].startswith("Bearer"), name
        else:
            assert answer.status_code not in (401, 500), (name, answer.status_code)


def test_is_served_as_json(stoa):
    served = requests.get(stoa.url + "/openapi.json", timeout=10).json()
    assert sorted(served["paths"]) == sorted(API["paths"])
