# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads by tuspy, tus' own client for Python, as its users use it."""

import pytest
from tusclient import client, exceptions

import pdfs
from test_documents import wait_done
from test_resumable_uploads import MIB, PATH


@pytest.fixture
def somebody(stoa, new_user):
    user = new_user()
    headers = {"Authorization": f"Bearer {user.token}"}
    user.tus = client.TusClient(stoa.url + PATH, headers=headers)
    return user


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.pdf"
    path.write_bytes(pdfs.long_pdf(20))
    return path


def finish(user, uploader):
    answer = user.http.post(uploader.url + "/finish")
    assert answer.status_code == 202, answer.text
    return answer.json()


def check(user, document, book):
    assert document["title"] == "A book" and document["file_name"] == "book.pdf"
    file = user.http.get(f"/documents/{document['id']}/file")
    assert file.content == book.read_bytes()
    assert wait_done(user, document)["status"] == "ready"


META = {"filename": "book.pdf", "title": "A book"}


@pytest.mark.parametrize("chunk_size", [64 * MIB, 2_000])
def test_uploads_whole_or_in_chunks(somebody, book, chunk_size):
    uploader = somebody.tus.uploader(str(book), chunk_size=chunk_size, metadata=META)
    uploader.upload()
    check(somebody, finish(somebody, uploader), book)


def test_resumes_what_was_begun(somebody, book):
    begun = somebody.tus.uploader(str(book), chunk_size=1_000, metadata=META)
    begun.upload_chunk()
    begun.upload_chunk()
    resumed = somebody.tus.uploader(str(book), url=begun.url, chunk_size=64 * MIB)
    assert resumed.offset == 2_000
    resumed.upload()
    check(somebody, finish(somebody, resumed), book)


def test_is_told_what_is_wrong(somebody, book):
    uploader = somebody.tus.uploader(str(book), chunk_size=MIB, metadata={"colour": "red"})
    with pytest.raises(exceptions.TusCommunicationError) as refused:
        uploader.upload()
    assert refused.value.status_code == 422
