# SPDX-License-Identifier: Apache-2.0
"""The whole API against docs/openapi.yaml, by Schemathesis: right and wrong requests to every
operation, made from the description, each by somebody who is signed in. No 5xx, no answer that is
not described, no wrong body that is taken. The requests are the same in every run."""

import ast
import zlib

import hypothesis
import pytest
import schemathesis
import yaml
from schemathesis.core.parameters import ParameterLocation

import pdfs
from stack import ROOT
from test_documents import ready, uploaded


def parse_again(*arguments, parse=ast.parse, **named):
    """Python 3.11's ast.parse fails now and then amid deep recursion
    (https://github.com/python/cpython/issues/106905), and Hypothesis, which reads the sources of
    lambdas as it goes, then takes the data for inconsistent."""
    try:
        return parse(*arguments, **named)
    except SystemError:
        return parse(*arguments, **named)


ast.parse = parse_again

API = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
EXAMPLES = 25
# After these the person or the thing is gone; each request gets new ones.
CONSUMING = {
    "disconnect_wallet",
    "revoke_session",
    "close_room",
    "leave_room",
    "delete_document",
    "delete_upload",
}

CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {
            # What a stranger, a body of a wrong size or type, or a plain request for a socket gets
            # counts as refused too.
            "negative_data_rejection": {
                "expected-statuses": [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 426]
            },
            # Also under a key that another request had (409), and of another tus (412).
            "missing_required_header": {"expected-statuses": [400, 401, 403, 409, 412, 415, 422]},
            # In its place: `taken_unless_a_rule_forbids`.
            "positive_data_acceptance": {"enabled": False},
        },
    }
)
schema = schemathesis.openapi.from_dict(API, config=CONFIG)

# What a description cannot say in a schema: a rule over several fields or of a person's rights, a
# cursor that nobody gave out, Base58 that is no key, pairs of Base64. Everything else that a valid
# request says is taken.
RULES = {
    "address_invalid",
    "cursor_invalid",
    "emoji_invalid",
    "file_empty",
    "file_too_large",
    "last_event_id_invalid",
    "malformed_target",  # a query with U+0000
    "permanent_storage_unavailable",
    "role_not_assignable",
    "unsupported_file",
    "upgrade_required",
    "upload_too_long",
}
RULES_OF_FIELDS = {
    "base58_parsing",
    "cursor",
    "gate_type",
    "list_type",
    "metadata",
    "string_nul",
    "value_error",
}


def taken_unless_a_rule_forbids(_, response, case):
    """A request that is as described is not refused for its form."""
    if response.status_code not in (400, 413, 415, 422, 426) or case.meta is None:
        return
    if not case.meta.generation.mode.is_positive:
        return
    problem = response.json()
    wrong = {error["type"] for error in problem.get("errors", [])}
    by_rule = problem["code"] in RULES or (wrong and wrong <= RULES_OF_FIELDS)
    assert by_rule, f"valid by the description, yet refused: {problem}"


@schemathesis.serializer("application/offset+octet-stream")
def any_bytes(_, value):
    return value if isinstance(value, bytes) else str(value).encode()


class Things:
    """Somebody with a room, a message in it and a document, whose ids requests can name."""

    def __init__(self, stack, document=None):
        self.user = stack.new_user()
        self.room = self.user.room()
        sent = self.user.http.post(
            f"/rooms/{self.room['id']}/messages", json={"content": "a", "client_msg_id": "1"}
        )
        begun = self.user.http.post(
            "/documents/uploads",
            headers={"Upload-Length": "3", "Upload-Metadata": "filename bm90ZXMudHh0"},
        )
        self.document = document or uploaded(self.user, pdfs.pdf([["One page."]]))
        self.ids = {
            "room_id": self.room["id"],
            "message_id": sent.json()["id"],
            "doc_id": self.document["id"],
            "upload_id": begun.json()["id"],
            "user_id": self.user.id,
            "page": 1,
        }


@pytest.fixture(scope="module")
def things(shared_stack):
    return Things(shared_stack)


def name_real_things(case, ids):
    """Most requests name something that is there, in the path and in the body."""
    path = case.meta.components.get(ParameterLocation.PATH)
    if path is None or path.mode.is_negative:
        return
    if zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode()) % 4 == 0:
        return
    for name in case.path_parameters or {}:
        if name in ids:
            case.path_parameters[name] = ids[name]


@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_the_operation_is_as_described(case, shared_stack, things):
    if "x-schemathesis-unknown-property" in (case.headers or {}):
        return  # a header that nobody knows is passed over (RFC 9110, 5.1), not refused
    if case.media_type == "multipart/form-data" and isinstance(case.body, dict):
        if not isinstance(case.body.get("file", ""), (str, bytes)):
            return  # in a form even a number is the bytes of a file
    operation = case.operation.definition.raw["operationId"]
    if operation in CONSUMING:
        things = Things(shared_stack)
    name_real_things(case, things.ids)
    case.call_and_validate(
        base_url=shared_stack.url,
        headers={"Authorization": f"Bearer {things.user.token}"},
        timeout=30,
        additional_checks=[taken_unless_a_rule_forbids],
    )
