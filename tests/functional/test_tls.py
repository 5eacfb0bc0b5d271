# SPDX-License-Identifier: Apache-2.0
"""HTTPS and secure sockets by a certificate of a CA made for the run."""

import asyncio
import datetime
import ipaddress
import json
import signal
import socket
import ssl

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import connect

import pdfs
from stack import wait_until
from test_documents import upload

PEM = serialization.Encoding.PEM


class Authority:
    """A CA whose certificates are good for this machine, written where a node reads its own."""

    def __init__(self, folder):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        self.file = folder / "ca.pem"
        self.certificate_file = folder / "server.pem"
        self.key_file = folder / "server.key"
        own = self._sign(self.name, self.key, x509.BasicConstraints(ca=True, path_length=0))
        self.file.write_bytes(own.public_bytes(PEM))

    def _sign(self, subject, key, constraints):
        now = datetime.datetime.now(datetime.timezone.utc)
        local = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(constraints, critical=True)
            .add_extension(x509.SubjectAlternativeName(local), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(issuer, False)
            .sign(self.key, hashes.SHA256())
        )

    def issue(self):
        """Writes a fresh certificate and key; its serial number."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        certificate = self._sign(subject, key, x509.BasicConstraints(ca=False, path_length=None))
        self.certificate_file.write_bytes(certificate.public_bytes(PEM))
        self.key_file.write_bytes(
            key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return certificate.serial_number

    def context(self):
        return ssl.create_default_context(cafile=self.file)

    def settings(self):
        return {
            "tls_certificate_file": self.certificate_file,
            "tls_key_file": self.key_file,
            "ca": str(self.file),
        }


@pytest.fixture
def authority(tmp_path):
    made = Authority(tmp_path)
    made.serial = made.issue()
    return made


@pytest.fixture
def node(start, authority):
    return start(**authority.settings())


def address(url):
    return ("127.0.0.1", int(url.rsplit(":", 1)[1]))


def until_end(peer):
    """What comes before the other side closes, or resets, the connection."""
    got = b""
    try:
        while piece := peer.recv(4096):
            got += piece
    except ConnectionResetError:
        pass
    return got


def handshake(url, context):
    with socket.create_connection(address(url), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            return secure.version(), secure.selected_alpn_protocol(), secure.getpeercert(True)


def served_serial(url, authority):
    return x509.load_der_x509_certificate(handshake(url, authority.context())[2]).serial_number


def test_requests_of_every_size_go_over_tls(authority, node, new_user):
    user = new_user().at(node)
    user.http.verify = str(authority.file)
    user.http.trust_env = False  # where a machine names a bundle of its own
    assert user.http.get("/users/profile").status_code == 200
    document = upload(user, pdfs.facts_pdf())
    assert document.status_code in (201, 202), document.text
    path = f"/documents/{document.json()['id']}/file"
    whole = user.http.get(path)
    assert whole.content == pdfs.facts_pdf()
    part = user.http.get(path, headers={"Range": "bytes=100-40000"})
    assert part.content == pdfs.facts_pdf()[100:40001]
    text = "x" * 900_000
    refused = user.http.patch("/users/profile", json={"display_name": text})
    assert refused.status_code == 422, "a large body came whole"
    told = requests.get(f"{node}/openapi.json", verify=str(authority.file), timeout=20)
    assert len(told.content) > 50_000 and told.json()["openapi"]
    assert "Strict-Transport-Security" not in told.headers


def test_browsers_are_told_to_stay_where_the_public_url_is_secure(start, authority):
    url = start(**authority.settings(), public_url="https://localhost")
    told = requests.get(f"{url}/version", verify=str(authority.file), timeout=20)
    assert told.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_sockets_go_over_tls(authority, node, new_user):
    user = new_user()
    room = user.room()["id"]

    async def talk():  # on one thread: OpenSSL lets no two use one connection at a time
        async with connect(
            f"wss://localhost:{address(node)[1]}/ws/rooms/{room}",
            ssl=authority.context(),
            additional_headers={"Authorization": f"Bearer {user.token}"},
        ) as client:
            while json.loads(await client.recv())["type"] != "ready":
                pass
            for _ in range(20):
                await client.send(json.dumps({"type": "ping"}))
            for _ in range(20):
                assert json.loads(await client.recv())["type"] == "pong"
        return client.close_code

    assert asyncio.run(asyncio.wait_for(talk(), 60)) == 1000


def test_old_protocols_are_refused(authority, node):
    context = authority.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    assert handshake(node, context)[:2] == ("TLSv1.3", "http/1.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert handshake(node, context)[0] == "TLSv1.2"
    context.set_ciphers("AES128-SHA:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        handshake(node, context)
    other_protocol = authority.context()
    other_protocol.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError):
        handshake(node, other_protocol)
    old = authority.context()
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        handshake(node, old)


def test_what_is_no_tls_is_closed_and_so_is_who_says_nothing(authority, node):
    with socket.create_connection(address(node), timeout=30) as silent:
        with socket.create_connection(address(node), timeout=30) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert not until_end(plain).startswith(b"HTTP")
        assert until_end(silent) == b""
    assert served_serial(node, authority) == authority.serial


def test_a_new_certificate_is_for_new_connections_and_a_bad_one_for_none(stoa, authority, node):
    program = stoa.nodes[node]
    with socket.create_connection(address(node), timeout=20) as plain:
        with authority.context().wrap_socket(plain, server_hostname="localhost") as held:
            assert served_serial(node, authority) == authority.serial
            renewed = authority.issue()
            program.process.send_signal(signal.SIGHUP)
            wait_until(
                "the new certificate is served", lambda: served_serial(node, authority) == renewed
            )
            held.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert held.recv(4096).startswith(b"HTTP/1.1 200 "), "an old connection goes on"

    authority.certificate_file.write_text("no certificate")
    program.process.send_signal(signal.SIGHUP)
    refused = {"event__action": "reload-certificate", "error__code": "tls_files_unusable"}
    wait_until("the mistake is logged", lambda: program.log_lines(**refused))
    assert str(authority.certificate_file) in program.log_lines(**refused)[0]["error.message"]
    assert served_serial(node, authority) == renewed


def test_bad_files_are_refused_at_the_start(stoa, authority, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    Authority(other).issue()
    for key_file in (tmp_path / "missing.key", other / "server.key"):
        done = stoa.run(
            "serve",
            STOA_TLS_CERTIFICATE_FILE=str(authority.certificate_file),
            STOA_TLS_KEY_FILE=str(key_file),
            STOA_HTTP_PORT="0",
        )
        assert done.returncode != 0
        assert str(key_file) in done.stderr
