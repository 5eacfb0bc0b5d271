# SPDX-License-Identifier: Apache-2.0
"""Accounts through the API, with solders as the wallet: signing in, bearers, sessions, people."""

import base64
import concurrent.futures
import hashlib
import json
import time
import uuid

import jwt
import psycopg
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from solders.keypair import Keypair
from stack import wait_until

LABELS = {
    "uri": "URI",
    "version": "Version",
    "chainId": "Chain ID",
    "nonce": "Nonce",
    "issuedAt": "Issued At",
    "expirationTime": "Expiration Time",
    "notBefore": "Not Before",
    "requestId": "Request ID",
}


def call(stoa, method, path, token=None, **more):
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    headers.update(more.pop("headers", {}))
    url = stoa.url + (path if path.startswith("/.") else "/api/v1" + path)
    return requests.request(method, url, headers=headers, timeout=60, **more)


def write_text(given):
    """As a wallet's signIn(input) writes it."""
    text = f"{given['domain']} wants you to sign in with your Solana account:\n{given['address']}"
    if given.get("statement"):
        text += "\n\n" + given["statement"]
    fields = [f"{label}: {given[name]}" for name, label in LABELS.items() if name in given]
    return text + "\n\n" + "\n".join(fields)


class Wallet:
    def __init__(self):
        self.keypair = Keypair()
        self.address = str(self.keypair.pubkey())

    def sign(self, text):
        message = text.encode()
        return {
            "address": self.address,
            "signed_message": base64.b64encode(message).decode(),
            "signature": base64.b64encode(bytes(self.keypair.sign_message(message))).decode(),
        }

    def sign_in_input(self, challenge, **changes):
        given = {**challenge["input"], "address": self.address, **changes}
        return self.sign(write_text({k: v for k, v in given.items() if v is not None}))

    def sign_in(self, stoa):
        answer = verify(stoa, self.sign_in_input(ask(stoa)))
        assert answer.status_code == 200, answer.text
        return answer.json()


def ask(stoa, **fields):
    answer = call(stoa, "POST", "/auth/siws/challenge", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def verify(stoa, proof, token=None):
    return call(stoa, "POST", "/auth/wallet/verify", token, json=proof)


def refused(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code), problem
    if status == 401:
        assert "Bearer" in answer.headers["WWW-Authenticate"]
    return problem


def profile(stoa, token):
    return call(stoa, "GET", "/users/profile", token)


# -- signing in ------------------------------------------------------------------------------------
def test_a_wallet_signs_the_input(stoa):
    wallet = Wallet()
    session = wallet.sign_in(stoa)
    assert session["token_type"] == "bearer" and session["expires_in"] > 0
    assert session["user"]["wallet_address"] == wallet.address
    assert session["user"]["wallets"] == [wallet.address]
    me = profile(stoa, session["access_token"])
    assert me.status_code == 200 and me.json()["id"] == session["user"]["id"]
    assert wallet.sign_in(stoa)["user"]["id"] == session["user"]["id"]


def test_a_wallet_signs_the_message(stoa):
    wallet = Wallet()
    challenge = ask(stoa, address=wallet.address, chain_id="solana:devnet")
    assert "Chain ID: solana:devnet" in challenge["message"]
    proof = wallet.sign(challenge["message"])
    proof["signature"] = str(wallet.keypair.sign_message(challenge["message"].encode()))  # Base58
    answer = verify(stoa, proof)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert ask(stoa)["message"] is None  # without an address there is no text yet


def offchain(text, *signers):
    """What a hardware wallet signs in place of the text: version 0, UTF-8."""
    text = text.encode()
    named = bytes(32) + b"\1" + bytes([len(signers)]) + b"".join(map(bytes, signers))
    head = b"\xffsolana offchain\0" + (named if signers else b"\1")
    return head + len(text).to_bytes(2, "little") + text


def test_a_hardware_wallet_signs_the_message_in_its_envelope(stoa):
    wallet, other = Wallet(), Wallet()

    def signed(*signers):
        message = offchain(ask(stoa, address=wallet.address)["message"], *signers)
        signature = base64.b64encode(bytes(wallet.keypair.sign_message(message))).decode()
        bare = base64.b64encode(message).decode()
        return {"address": wallet.address, "signed_message": bare, "signature": signature}

    own = wallet.keypair.pubkey()
    assert verify(stoa, signed(own)).status_code == 200
    assert verify(stoa, signed()).status_code == 200  # as older Ledger apps do
    refused(verify(stoa, signed(other.keypair.pubkey())), 401, "message_malformed")
    text = ask(stoa, address=wallet.address)["message"]
    bare = {**signed(own), "signed_message": base64.b64encode(text.encode()).decode()}
    refused(verify(stoa, bare), 401, "signature_invalid")  # it signed the envelope, not the text


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"domain": "evil.example"}, "domain_mismatch"),
        ({"nonce": "abcdefgh12345678"}, "nonce_unknown"),
        ({"chainId": "solana:devnet"}, "chain_mismatch"),
        ({"expirationTime": "2099-01-01T00:00:00.000Z"}, "time_mismatch"),
        ({"issuedAt": None}, "time_mismatch"),
        ({"statement": "I give everything away."}, "message_mismatch"),
        ({"uri": "https://evil.example/"}, "message_mismatch"),
        ({"requestId": "1"}, "message_mismatch"),
        ({"version": "2"}, "message_malformed"),
    ],
)
def test_what_differs_is_refused(stoa, changes, code):
    refused(verify(stoa, Wallet().sign_in_input(ask(stoa), **changes)), 401, code)


def test_other_signatures_are_refused(stoa):
    wallet, other = Wallet(), Wallet()
    challenge = ask(stoa, address=wallet.address)
    proof = wallet.sign(challenge["message"])
    refused(verify(stoa, {**proof, "address": other.address}), 401, "signature_invalid")
    refused(verify(stoa, other.sign(challenge["message"])), 401, "address_mismatch")
    refused(verify(stoa, {**proof, "address": "1" * 32}), 401, "key_weak")
    refused(verify(stoa, {**proof, "signature": proof["signature"][:-4]}), 422, "encoding_invalid")
    high = bytearray(base64.b64decode(proof["signature"]))
    order = 2**252 + 27742317777372353535851937790883648493
    high[32:] = (int.from_bytes(high[32:], "little") + order).to_bytes(32, "little")
    malleable = base64.b64encode(high).decode()
    refused(verify(stoa, {**proof, "signature": malleable}), 401, "signature_invalid")
    assert verify(stoa, proof).status_code == 200  # no failure used the challenge up


def test_an_expired_challenge_is_refused(stoa):
    challenge = ask(stoa)
    stoa.sql(
        "UPDATE siws_challenges SET expires_at = now() WHERE nonce = %s",
        [challenge["input"]["nonce"]],
    )
    refused(verify(stoa, Wallet().sign_in_input(challenge)), 401, "nonce_expired")


def test_of_a_hundred_parallel_tries_one_wins(stoa):
    proof = Wallet().sign_in_input(ask(stoa))
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: verify(stoa, proof), range(100)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [401] * 99
    assert {a.json()["code"] for a in answers if a.status_code == 401} == {"nonce_unknown"}


def test_links_and_unlinks_a_further_wallet(stoa):
    first, second = Wallet(), Wallet()
    session = first.sign_in(stoa)
    token = session["access_token"]
    connect = call(stoa, "POST", "/auth/wallet/connect", token, json={"address": second.address})
    assert session["user"]["id"] in connect.json()["message"]
    proof = second.sign(connect.json()["message"])
    refused(verify(stoa, proof), 401, "caller_mismatch")
    linked = verify(stoa, proof, token)
    assert linked.json()["user"]["wallets"] == [first.address, second.address]
    assert refresh(stoa, linked.json()["refresh_token"]).status_code == 200
    assert second.sign_in(stoa)["user"]["id"] == session["user"]["id"]
    unlink = {"json": {"address": second.address}}
    assert call(stoa, "POST", "/auth/wallet/disconnect", token, **unlink).status_code == 204
    refused(call(stoa, "POST", "/auth/wallet/disconnect", token, **unlink), 404, "wallet_not_found")
    unlink = {"json": {"address": first.address}}
    refused(call(stoa, "POST", "/auth/wallet/disconnect", token, **unlink), 409, "last_wallet")


def test_unlinking_ends_the_session_that_is_just_being_opened(stoa):
    first, second = Wallet(), Wallet()
    token = first.sign_in(stoa)["access_token"]
    connect = call(stoa, "POST", "/auth/wallet/connect", token, json={"address": second.address})
    assert verify(stoa, second.sign(connect.json()["message"]), token).status_code == 200
    unlink = {"json": {"address": second.address}}
    with (
        concurrent.futures.ThreadPoolExecutor(1) as pool,
        psycopg.connect(stoa.database_url) as opening,
    ):
        # What a sign-in does, stopped after it has found the wallet's owner.
        opening.execute("SELECT pg_advisory_xact_lock(58, hashtext(%s))", (second.address,))
        unlinked = pool.submit(call, stoa, "POST", "/auth/wallet/disconnect", token, **unlink)
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        wait_until("it waits", lambda: unlinked.done() or stoa.sql(waiting)[0][0] == 1)
        opening.execute(
            "INSERT INTO sessions (user_id, wallet_address, expires_at) "
            "VALUES (%s, %s, now() + interval '1 hour')",
            (profile(stoa, token).json()["id"], second.address),
        )
        opening.commit()
        assert unlinked.result().status_code == 204
    live = "SELECT count(*) FROM sessions WHERE wallet_address = %s AND revoked_at IS NULL"
    assert stoa.sql(live, (second.address,)) == [(0,)]


# -- bearer tokens ---------------------------------------------------------------------------------
@pytest.fixture
def forge(stoa):
    """Signs any claims with a key whose public half the server takes for one of its own."""
    keys = Ed25519PrivateKey.generate()
    kid = "test-" + uuid.uuid4().hex
    public = keys.public_key().public_bytes_raw()
    stoa.sql(
        "INSERT INTO signing_keys (kid, public_key, private_key, created_at) "
        "VALUES (%s, %s, %s, now() - interval '1 year')",
        [kid, public, b"nobody's"],
    )
    yield lambda claims: jwt.encode(claims, keys, "EdDSA", {"kid": kid})
    stoa.sql("DELETE FROM signing_keys WHERE kid = %s", [kid])


def test_claims_are_checked(stoa, forge):
    claims = jwt.decode(Wallet().sign_in(stoa)["access_token"], options={"verify_signature": False})
    wait_until("the key is known", lambda: profile(stoa, forge(claims)).status_code == 200)
    now = int(time.time())
    for changes, code in [
        ({"aud": "somebody else"}, "token_audience"),
        ({"iss": "https://evil.example"}, "token_issuer"),
        ({"exp": now - 1}, "token_expired"),
        ({"iat": now + 3600}, "token_not_yet_valid"),
        ({"sid": str(uuid.uuid4())}, "session_revoked"),
        ({"sub": str(uuid.uuid4())}, "session_revoked"),
        ({"sub": "root"}, "session_revoked"),
        ({"admin": True}, "token_malformed"),
    ]:
        refused(profile(stoa, forge({**claims, **changes})), 401, code)


def test_other_algorithms_and_keys_are_refused(stoa):
    token = Wallet().sign_in(stoa)["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(token)["kid"]
    published = call(stoa, "GET", "/.well-known/jwks.json").json()["keys"]
    public = base64.urlsafe_b64decode(next(k["x"] for k in published if k["kid"] == kid) + "=")
    unsigned = jwt.encode(claims, None, "none", {"kid": kid})
    refused(profile(stoa, unsigned), 401, "token_malformed")
    refused(profile(stoa, unsigned + token.split(".")[2]), 401, "token_malformed")
    confused = jwt.encode(claims, hashlib.sha256(public).digest(), "HS256", {"kid": kid})
    refused(profile(stoa, confused), 401, "token_malformed")
    foreign = Ed25519PrivateKey.generate()
    wrong = jwt.encode(claims, foreign, "EdDSA", {"kid": kid})
    refused(profile(stoa, wrong), 401, "token_signature_invalid")
    unknown = jwt.encode(claims, foreign, "EdDSA", {"kid": "nobody's"})
    refused(profile(stoa, unknown), 401, "token_key_unknown")
    critical = jwt.encode(claims, foreign, "EdDSA", {"kid": kid, "crit": ["exp"]})
    refused(profile(stoa, critical), 401, "token_malformed")
    for text in ("", "x", "a.b.c", token + "x", token[:-1], "x" * 8000):
        assert profile(stoa, text).status_code == 401
    assert profile(stoa, token).status_code == 200


def test_the_published_keys_verify_the_token(stoa):
    session = Wallet().sign_in(stoa)
    keys = jwt.PyJWKClient(stoa.url + "/.well-known/jwks.json")
    key = keys.get_signing_key_from_jwt(session["access_token"])
    claims = jwt.decode(
        session["access_token"],
        key,
        algorithms=["EdDSA"],
        audience="stoa",
        options={"require": ["iss", "aud", "sub", "sid", "exp", "iat", "jti"]},
    )
    assert claims["sub"] == session["user"]["id"]
    assert claims["exp"] - claims["iat"] == session["expires_in"]


# -- sessions --------------------------------------------------------------------------------------
def refresh(stoa, token):
    return call(stoa, "POST", "/auth/refresh", json={"refresh_token": token})


def test_refresh_rotates_and_reuse_ends_the_family(stoa):
    first = Wallet().sign_in(stoa)
    second = refresh(stoa, first["refresh_token"])
    assert second.status_code == 200, second.text
    assert profile(stoa, second.json()["access_token"]).status_code == 200
    refused(refresh(stoa, first["refresh_token"]), 401, "refresh_reused")
    refused(refresh(stoa, second.json()["refresh_token"]), 401, "session_revoked")
    refused(profile(stoa, second.json()["access_token"]), 401, "session_revoked")
    refused(refresh(stoa, "never issued"), 401, "refresh_unknown")


def test_sessions_are_listed_and_revoked(stoa):
    wallet = Wallet()
    here, there = wallet.sign_in(stoa), wallet.sign_in(stoa)
    listed = call(stoa, "GET", "/auth/sessions", here["access_token"]).json()["items"]
    assert [item["is_current"] for item in listed] == [False, True]
    assert listed[0]["device"].startswith("python-requests")
    other = f"/auth/sessions/{listed[0]['id']}"
    stranger = Wallet().sign_in(stoa)["access_token"]
    refused(call(stoa, "DELETE", other, stranger), 404, "session_not_found")
    assert call(stoa, "DELETE", other, here["access_token"]).status_code == 204
    refused(profile(stoa, there["access_token"]), 401, "session_revoked")
    refused(refresh(stoa, there["refresh_token"]), 401, "session_revoked")
    assert profile(stoa, here["access_token"]).status_code == 200


def test_disconnect_ends_the_session(stoa):
    session = Wallet().sign_in(stoa)
    answer = call(stoa, "POST", "/auth/wallet/disconnect", session["access_token"])
    assert answer.status_code == 204, answer.text
    refused(profile(stoa, session["access_token"]), 401, "session_revoked")


def test_tickets_are_made_for_who_is_signed_in(stoa):
    answer = call(stoa, "POST", "/auth/ws-ticket", Wallet().sign_in(stoa)["access_token"])
    assert answer.status_code == 200 and len(answer.json()["ticket"]) >= 43
    assert call(stoa, "POST", "/auth/ws-ticket").status_code == 401


# -- people ----------------------------------------------------------------------------------------
def test_profiles_are_changed_and_seen(stoa):
    me, other = Wallet().sign_in(stoa), Wallet().sign_in(stoa)
    username = "ada_" + uuid.uuid4().hex[:12]
    change = {"json": {"name": "Ada", "username": username, "bio": "Δ first"}}
    changed = call(stoa, "PATCH", "/users/profile", me["access_token"], **change)
    assert changed.status_code == 200, changed.text
    seen = call(stoa, "GET", f"/users/{me['user']['id']}", other["access_token"]).json()
    assert (seen["name"], seen["username"], seen["bio"]) == ("Ada", username, "Δ first")
    assert "wallets" not in seen
    taken = call(stoa, "PATCH", "/users/profile", other["access_token"], **change)
    refused(taken, 409, "username_taken")
    nobody = call(stoa, "GET", f"/users/{uuid.uuid4()}", me["access_token"])
    refused(nobody, 404, "user_not_found")


# -- bad input -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body, field",
    [
        ({"address": "1" * 32, "admin": True}, "admin"),
        ({"address": 5}, "address"),
        ({"address": "short"}, "address"),
        ({"address": "0" * 44}, "address"),
        ({"address": "1" * 32 + "\0"}, "address"),
        ({"chain_id": "ethereum:1"}, "chain_id"),
    ],
)
def test_wrong_fields_are_named(stoa, body, field):
    answer = call(stoa, "POST", "/auth/siws/challenge", json=body)
    assert answer.status_code == 422, answer.text
    assert ["body", field] in [error["loc"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1000 + b"]" * 1000,
        b'{"a":' * 1000 + b"1" + b"}" * 1000,
        b"{",
        b"\xff\xfe",
        b'{"address":"\xff"}',
        json.dumps({"address": "\ud800"}).encode(),
    ],
    ids=range(6),
)
def test_what_is_no_json_is_malformed(stoa, body):
    answer = call(
        stoa,
        "POST",
        "/auth/siws/challenge",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    refused(answer, 400, "malformed_json")
