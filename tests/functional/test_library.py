# SPDX-License-Identifier: Apache-2.0
"""The library as a person uses it: what is found and by whom, who can read a document and why, how
much may be stored, the same file twice, and hostile files and names."""

import concurrent.futures
import io
import uuid
import zipfile

import psycopg
import pytest

import pdfs
from stack import wait_until
from test_documents import chunks, get, in_seconds, ready, uploaded, upload, wait_done
from test_versions import replace, replaced


def find(user, q, scope="mine", **more):
    """{title: matches} of a search."""
    answer = user.http.get("/documents/library", params={"q": q, "scope": scope, **more})
    assert answer.status_code == 200, answer.text
    return {item["title"]: item["matches"] for item in answer.json()["items"]}


def note(user, title, text, **fields):
    return ready(user, text.encode(), name=f"{title}.txt", title=title, **fields)


def in_parallel(count, work):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def check_no_orphans(stoa):
    """Every file in the data folder is a document's, or of an upload that is not finished yet."""
    known = {
        key
        for (key,) in stoa.sql(
            "SELECT storage_key FROM pdf_uploads UNION ALL SELECT storage_key FROM replaced_files"
        )
    }
    assert {path.name for path in (stoa.data_dir / "documents").iterdir()} <= known
    coming = {str(key) for (key,) in stoa.sql("SELECT storage_key FROM upload_pieces")}
    assert {path.name for path in (stoa.data_dir / "uploads").glob("*")} <= coming


FILLER = "Nothing of note happens on this line, and the next one is much the same.\n\n" * 60


def test_titles_tags_and_texts_are_searched(stoa, new_user):
    user = new_user()
    note(user, "Rivers", f"Gravel moves downstream.\n\n{FILLER}Deltas are built of silt.")
    note(user, "Lakes", "A lake keeps its silt. The delta of a lake is small.", tags='["Glacier"]')
    note(user, "Silt and sand", "Grains by their size.")
    uploaded(user, b"Nobody has read of silt here.", name="unread.txt", title="Unread")
    assert find(user, "silt")["Silt and sand"] == ["title"]
    assert find(user, "SILT") | {"Unread": ["text"]} == {
        "Rivers": ["text"],
        "Lakes": ["text"],
        "Silt and sand": ["title"],
        "Unread": ["text"],
    }
    # All words, though no single passage has both.
    assert find(user, "gravel silt") == {"Rivers": ["text"]}
    assert find(user, "moving deltas") == {"Rivers": ["text"]}
    assert find(user, '"delta of a lake"') == {"Lakes": ["text"]}
    assert find(user, '"lake of a delta"') == {}
    assert find(user, "silt -gravel").keys() >= {"Lakes"}
    assert "Rivers" not in find(user, "silt -gravel")
    assert "Rivers" not in find(user, '-"gravel moves" downstream')
    assert find(user, "gravel or grains").keys() == {"Rivers", "Silt and sand"}
    assert find(user, "glaci") == {"Lakes": ["tags"]}
    assert find(user, "lake") == {"Lakes": ["title", "text"]}
    assert find(user, "the") == {}
    for nothing in ("%", "_", "'", "\\", "a' | 'b", "volcano", "silt volcano", "((", "!!", ":*"):
        assert find(user, nothing) == {}, nothing
    assert set(find(user, "-volcano")) >= {"Rivers", "Lakes", "Silt and sand"}
    assert find(user, "silt", tag="Glacier") == {"Lakes": ["text"]}
    listed = user.http.get("/documents/library").json()["items"]
    assert len(listed) == 4 and all(item["matches"] == [] for item in listed)


def test_words_and_phrases_are_looked_up_in_indexes(stoa):
    """In however large a library: the planner can do it, and has to once scanning costs more."""
    with psycopg.connect(stoa.database_url) as connection:
        connection.execute("SET enable_seqscan = off")
        query = "SELECT * FROM documents_with_terms(ARRAY['a'], ARRAY['''a'' <-> ''b'''])"
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {query}"))
    assert "Seq Scan" not in plan
    assert "idx_document_words_lexemes" in plan and "idx_document_chunks_lexemes" in plan


def test_a_search_is_paged(stoa, new_user):
    user = new_user()
    titles = []
    for i in range(7):
        title = f"Paper {i}" if i % 3 else f"Zebras {i}"
        note(user, title, f"Number {i}. " + ("Horses" if i % 3 == 0 else "zebras"))
        titles.insert(0, title)
    note(user, "Other", "Something else.")
    seen, cursor = [], None
    for _ in range(10):
        page = user.http.get(
            "/documents/library",
            params={"q": "zebras", "limit": 2, **({"cursor": cursor} if cursor else {})},
        ).json()
        assert len(page["items"]) <= 2
        seen += [item["title"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == titles


def test_only_what_one_may_read_now_is_found(stoa, new_user):
    owner, reader, stranger = new_user(), new_user(), new_user()
    word = f"quokka{uuid.uuid4().hex[:8]}"
    room = owner.room()
    assert reader.http.post("/rooms/join", json={"room_id": room["id"]}).ok
    in_room = note(owner, "In a room", f"A {word} here.", room_id=room["id"])
    note(owner, "Private", f"A {word} there.")
    public = note(owner, "Public", f"A {word} everywhere.", is_public="true")
    given = note(owner, "Given", f"A {word} on loan.")
    share = {"document_id": given["id"], "user_id": reader.id, "permission_type": "read"}

    def found(user):
        return {scope: set(find(user, word, scope)) for scope in ("mine", "shared", "public")}

    assert found(owner) == {
        "mine": {"In a room", "Private", "Public", "Given"},
        "shared": set(),
        "public": {"Public"},
    }
    assert found(stranger) == {"mine": set(), "shared": set(), "public": {"Public"}}
    assert found(reader)["shared"] == {"In a room"}
    assert owner.http.post(
        "/documents/share", json={**share, "expires_at": in_seconds(2)}
    ).ok
    assert found(reader)["shared"] == {"In a room", "Given"}
    wait_until("the share has expired", lambda: found(reader)["shared"] == {"In a room"})
    assert owner.http.post("/documents/share", json=share).ok
    assert found(reader)["shared"] == {"In a room", "Given"}
    assert reader.http.post("/rooms/leave", json={"room_id": room["id"]}).status_code == 204
    assert found(reader)["shared"] == {"Given"}
    assert owner.http.patch(f"/documents/{public['id']}", json={"is_public": False}).ok
    assert owner.http.delete(f"/documents/{in_room['id']}").status_code == 204
    assert found(stranger)["public"] == set()
    assert found(owner)["mine"] == {"Private", "Public", "Given"}


def test_permissions_say_who_and_why(stoa, new_user):
    owner, reader, admin = new_user(), new_user(), new_user()
    assert owner.http.patch("/users/profile", json={"name": "Olga"}).ok
    assert reader.http.patch("/users/profile", json={"name": "Rita"}).ok
    room = owner.room(name="Reading group", room_type="private")
    document = uploaded(owner, b"Some words.", name="a.txt", room_id=room["id"])
    path = f"/documents/{document['id']}/permissions"
    read = {"user_id": reader.id, "permission_type": "read", "expires_at": in_seconds(1)}
    assert owner.http.put(path, json=read).ok
    assert owner.http.put(path, json={"user_id": admin.id, "permission_type": "admin"}).ok
    told = owner.http.get(path).json()
    assert (told["owner"]["id"], told["owner"]["name"]) == (owner.id, "Olga")
    assert told["is_public"] is False and told["next_cursor"] is None
    by_room, by_name, of_admin = told["items"]
    assert by_room["room"] == {
        "id": room["id"],
        "name": "Reading group",
        "is_active": True,
        "participant_count": 1,
    }
    assert (by_room["room_id"], by_room["person"]) == (room["id"], None)
    assert (by_name["person"]["name"], by_name["user_id"]) == ("Rita", reader.id)
    assert by_name["room"] is None and by_name["permission_type"] == "read"
    for item in told["items"]:
        assert item["granter"]["id"] == item["granted_by"] == owner.id
    assert of_admin["person"]["id"] == admin.id and of_admin["is_expired"] is False

    def expired():
        return owner.http.get(path).json()["items"][1]["is_expired"]

    wait_until("the permission shows as expired", expired)
    assert reader.http.get(path).status_code == 404
    # Who is not in the private room learns its id alone.
    seen = admin.http.get(path).json()["items"][0]["room"]
    assert (seen["id"], seen["name"]) == (room["id"], None)
    assert owner.http.patch(f"/documents/{document['id']}", json={"is_public": True}).ok
    assert owner.http.get(path).json()["is_public"] is True


def test_a_person_may_store_so_many_documents(stoa, new_user, start):
    user = new_user().at(start(documents_per_user_max=5))
    answers = in_parallel(20, lambda i: upload(user, f"Text {i}.".encode(), name=f"{i}.txt"))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [202] * 5 + [403] * 15
    refused = next(answer.json() for answer in answers if answer.status_code == 403)
    assert refused["code"] == "quota_exceeded" and "5" in refused["detail"]
    assert (refused["usage"]["documents"], refused["usage"]["documents_max"]) == (5, 5)
    usage = user.http.get("/documents/usage").json()
    assert usage == refused["usage"] and usage["bytes_max"] == 10 * 2**30
    check_no_orphans(stoa)
    mine = user.http.get("/documents/library").json()["items"]
    assert len(mine) == 5
    assert user.http.delete(f"/documents/{mine[0]['id']}").status_code == 204
    assert uploaded(user, b"There is room again.", name="again.txt")


def test_a_person_may_store_so_many_bytes(stoa, new_user, start):
    url = start(document_bytes_per_user_max=10_000)
    user, other = new_user().at(url), new_user().at(url)
    kilobyte = [(f"{i:03}" + "word " * 200)[:1000].encode() for i in range(20)]
    answers = in_parallel(20, lambda i: upload(user, kilobyte[i], name=f"{i}.txt"))
    assert sorted(answer.status_code for answer in answers) == [202] * 10 + [403] * 10
    usage = user.http.get("/documents/usage").json()
    assert (usage["documents"], usage["bytes"], usage["bytes_max"]) == (10, 10_000, 10_000)
    assert upload(user, b"x", name="x.txt").json()["code"] == "quota_exceeded"
    assert upload(other, b"y" * 10_001, name="y.txt").json()["usage"]["bytes"] == 0
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Metadata": "filename eS50eHQ="}
    assert user.http.post("/documents/uploads", headers=tus).json()["usage"] == usage
    assert uploaded(other, b"y" * 10_000, name="y.txt")
    check_no_orphans(stoa)


def test_the_same_file_is_offered_and_not_stored_twice(stoa, new_user):
    user, other = new_user(), new_user()
    text = f"The same words, {uuid.uuid4()}.".encode()
    answers = in_parallel(30, lambda i: upload(user, text, name=f"{i}.txt"))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [202] + [409] * 29
    [stored] = [answer.json() for answer in answers if answer.status_code == 202]
    for answer in answers:
        if answer.status_code == 409:
            problem = answer.json()
            assert problem["code"] == "duplicate_document"
            assert problem["document"]["id"] == stored["id"]
            assert problem["document"]["title"] == stored["title"] in problem["detail"]
    mine = user.http.get("/documents/library").json()["items"]
    assert [document["id"] for document in mine] == [stored["id"]]
    check_no_orphans(stoa)
    again = uploaded(user, text, name="again.txt", allow_duplicate="true")
    assert again["id"] != stored["id"]
    # What others have is nobody's business.
    assert uploaded(other, text, name="other.txt")
    for document in (stored, again):
        assert user.http.delete(f"/documents/{document['id']}").status_code == 204
    assert uploaded(user, text, name="after.txt")


def test_a_repeated_upload_gets_its_first_answer_though_it_is_a_duplicate(stoa, new_user):
    user = new_user()
    text = f"Repeated, {uuid.uuid4()}.".encode()

    def send(key):
        return user.http.post(
            "/documents/upload",
            files={"file": ("a.txt", text, "text/plain")},
            headers={"Idempotency-Key": key},
        )

    first = send("one")
    assert first.status_code == 202
    repeated = send("one")
    assert (repeated.status_code, repeated.json()) == (202, first.json())
    assert repeated.headers["Idempotent-Replayed"] == "true"
    refused = send("two")
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_document")
    assert send("two").json() == refused.json()


def test_a_file_that_failed_may_be_uploaded_again(stoa, new_user):
    user = new_user()
    failed = wait_done(user, uploaded(user, pdfs.encrypted(), name="locked.pdf"))
    assert (failed["status"], failed["error_code"]) == ("failed", "pdf_encrypted")
    assert find(user, "nobody") == {}
    again = uploaded(user, pdfs.encrypted(), name="locked.pdf")
    assert again["id"] != failed["id"]


def test_downloads_of_the_whole_file_are_counted(stoa, new_user):
    owner, reader = new_user(), new_user()
    text = b"0123456789" * 100
    document = uploaded(owner, text, name="digits.txt", is_public="true")
    assert document["download_count"] == 0
    path = f"/documents/{document['id']}/file"
    whole = reader.http.get(path)
    assert whole.content == text
    for headers, status in (
        ({"Range": "bytes=0-99"}, 206),
        ({"Range": "bytes=100-"}, 206),
        ({"Range": "bytes=1000-"}, 416),
        ({"If-None-Match": whole.headers["ETag"]}, 304),
    ):
        assert reader.http.get(path, headers=headers).status_code == status
    assert reader.http.head(path).status_code == 200
    assert get(owner, document)["download_count"] == 1
    # A client that resumes asks for all of it first.
    assert reader.http.get(path, headers={"Range": "bytes=0-"}).status_code == 206
    assert in_parallel(20, lambda _: reader.http.get(path).content) == [text] * 20
    after = get(owner, document)
    assert after["download_count"] == 22 and after["title"] == document["title"]
    assert reader.http.get("/documents/library?scope=public").json()["items"]


def upload_named(user, disposition, data=None):
    """An upload whose file part has this Content-Disposition, to the byte."""
    data = data or f"Some words, {uuid.uuid4()}.".encode()
    body = b"\r\n".join(
        [
            b"--bound",
            b"Content-Disposition: form-data; name=\"file\"; " + disposition,
            b"Content-Type: text/plain",
            b"",
            data,
            b"--bound--",
            b"",
        ]
    )
    return user.http.post(
        "/documents/upload",
        data=body,
        headers={"Content-Type": "multipart/form-data; boundary=bound"},
    )


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b'filename="../../etc/passwd"', "passwd"),
        (b'filename="..\\..\\boot.ini"', "boot.ini"),
        (b'filename="/"', "document"),
        (b'filename=".."', "document"),
        (b'filename=""', "document"),
        (b'filename="a\x01\x07\x1b[31mb\x7f.txt"', "a[31mb.txt"),
        (b'filename="a%0D%0ASet-Cookie: b.txt"', "aSet-Cookie: b.txt"),
        ('filename="report\u202etxt.exe"'.encode(), "reporttxt.exe"),
        ('filename="\u2066a\u2069\u200f\u0085b.txt"'.encode(), "ab.txt"),
        (b"filename*=UTF-8''a%00b%E2%80%AEc.txt", "abc.txt"),
        (b'filename="' + b"n" * 4096 + b'.txt"', "n" * 255),
        ('filename="{}.txt"'.format("ä" * 2000).encode(), "ä" * 127),
        (b'filename="caf\xe9.txt"', "café.txt"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)
def test_file_names_are_made_safe(stoa, new_user, disposition, name):
    user = new_user()
    answer = upload_named(user, disposition)
    assert answer.status_code == 202, answer.text
    document = answer.json()
    assert document["file_name"] == name
    file = user.http.get(f"/documents/{document['id']}/file")
    assert file.status_code == 200 and file.text.startswith("Some words")
    assert "Set-Cookie" not in file.headers
    check_no_orphans(stoa)


def test_a_name_without_end_is_refused(stoa, new_user):
    user = new_user()
    answer = upload_named(user, b'filename="' + b"n" * 20_000 + b'.txt"')
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_multipart")
    assert user.http.get("/documents/usage").json()["documents"] == 0
    check_no_orphans(stoa)


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("notes.txt", pdfs.facts_pdf(1), "application/pdf"),
        ("picture.png", pdfs.facts_pdf(1), "application/pdf"),
        ("no name", b"Plain words.", "text/plain"),
    ],
    ids=["notes.txt", "picture.png", "no name"],
)
def test_the_content_decides_and_not_the_name(stoa, new_user, name, data, found):
    document = ready(new_user(), data, name=name)
    assert (document["mime_type"], document["file_name"]) == (found, name)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("setup.pdf", b"MZ\x90\x00\x03\x00\x00\x00\xff\xff", "not_a_pdf"),
        ("setup.exe", b"MZ\x90\x00\x03\x00\x00\x00\xff\xff", "unsupported_file"),
        ("notes.txt", b"\x7fELF\x02\x01\x01\x00\x00\x00", "unsupported_file"),
        ("page.html", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff", "unsupported_file"),
        ("essay.docx", b"PK\x05\x06" + bytes(18), "unsupported_file"),
        ("empty.pdf", b"", "file_empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_document_is_refused(stoa, new_user, name, data, code):
    user = new_user()
    answer = upload(user, data, name=name)
    assert answer.status_code in (415, 422), answer.text
    assert answer.json()["code"] == code and answer.json()["detail"]
    assert user.http.get("/documents/usage").json()["documents"] == 0
    check_no_orphans(stoa)


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
WORDS = f'<w:document xmlns:w="{WORD}"><w:body>'


def docx(**members):
    """A DOCX of these members; those of a plain one where they are not given."""
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.'
        'openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        'relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument'
        '/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"{WORDS}<w:p><w:r><w:t>Rivers carry gravel.</w:t></w:r></w:p>"
        "</w:body></w:document>",
        **members,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def words_of(count):
    return f"{WORDS}{'<w:p><w:r><w:t>word</w:t></w:r></w:p>' * count}</w:body></w:document>"


def test_a_docx_is_never_unpacked_wherever_its_names_point(stoa, new_user):
    user = new_user()
    evil = stoa.dir / "evil"
    names = {
        str(evil): "x",
        "../" * 20 + str(evil).lstrip("/"): "x",
        "..\\..\\evil": "x",
        "word/../../evil": "x",
    }
    document = ready(user, docx(**names), name="plain.docx")
    page = user.http.get(f"/documents/{document['id']}/pages/1").json()
    assert "Rivers carry gravel" in page["text"]
    assert list(stoa.dir.rglob("evil")) == []
    check_no_orphans(stoa)


HOSTILE = {
    "bomb": (lambda: docx(**{"word/document.xml": words_of(3_000_000)}), {"file_too_complex"}),
    "entities": (
        lambda: docx(
            **{
                "word/document.xml": '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">'
                "]>" + WORDS + "<w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>"
            }
        ),
        {"file_damaged"},
    ),
    "cut_off": (lambda: docx()[:-100], {"unsupported_file", "file_damaged"}),
    "no_document_in_it": (lambda: docx(**{"word/document.xml": ""}), {"file_damaged", "no_text"}),
    "names_alone": (
        lambda: docx(**{"word/document.xml": WORDS + "</w:body></w:document>"}),
        {"no_text"},
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_docx_fails_clearly_and_leaves_nothing(stoa, new_user, kind):
    make, codes = HOSTILE[kind]
    user = new_user()
    answer = upload(user, make(), name="essay.docx")
    if answer.status_code != 202:
        assert answer.status_code in (415, 422) and answer.json()["code"] in codes, answer.text
    else:
        failed = wait_done(user, answer.json(), seconds=150)
        assert failed["status"] == "failed" and failed["error_code"] in codes, failed
        assert len(failed["error"]) > 10 and chunks(stoa, user, failed) == []
        count = "SELECT count(*) FROM document_words WHERE document_id = %s"
        assert stoa.sql(count, [failed["id"]]) == [(0,)]
        assert user.http.delete(f"/documents/{failed['id']}").status_code == 204
    assert user.http.get("/documents/usage").json()["bytes"] == 0
    check_no_orphans(stoa)


def test_a_replaced_text_is_found_no_more_and_counts_no_more(stoa, new_user, start):
    owner = new_user().at(start(document_bytes_per_user_max=1_000))
    editor = new_user()
    word, other = (f"quoll{uuid.uuid4().hex[:8]}" for _ in range(2))
    document = note(owner, "Animals", f"A {word}. " + "more words " * 70)
    assert find(owner, word) == {"Animals": ["text"]}
    assert replace(owner, document, b"words " * 200).json()["code"] == "quota_exceeded"
    assert find(owner, word) == {"Animals": ["text"]}, "nothing was lost"
    new = f"A {other}. " + "other words " * 75
    assert replaced(owner, document, new.encode())["version"] == 2
    assert find(owner, word) == {}, "not even while the new text is read"
    assert wait_done(owner, document)["status"] == "ready"
    assert find(owner, word) == {} and find(owner, other) == {"Animals": ["text"]}
    assert owner.http.get("/documents/usage").json()["bytes"] == len(new)
    share = {"document_id": document["id"], "user_id": editor.id, "permission_type": "write"}
    assert owner.http.post("/documents/share", json=share).ok
    # What an owner has stored is told to nobody else.
    problem = replace(editor.at(owner.url), document, b"words " * 200).json()
    assert problem["code"] == "quota_exceeded" and "usage" not in problem
    check_no_orphans(stoa)
