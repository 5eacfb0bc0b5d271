# SPDX-License-Identifier: Apache-2.0
"""CSV documents: their profile, and questions that are computed over all of their rows."""

import pytest

import pdfs
from test_ask import ask, answered, events
from test_documents import ready, upload, uploaded, wait_done

ROWS = [("setosa", 1.0), ("setosa", 2.0), ("virginica", 5.5), ("versicolor", 4.25)]
CSV = "species,petal length\n" + "".join(f"{s},{n}\n" for s, n in ROWS * 500)


@pytest.fixture(scope="module")
def flowers(shared_stack):
    user = shared_stack.new_user()
    user.document = ready(user, CSV.encode(), name="flowers.csv", title="Flowers")
    return user


def test_a_table_has_a_profile(flowers, new_user):
    path = f"/documents/{flowers.document['id']}/profile"
    profile = flowers.http.get(path).json()
    assert (profile["rows"], profile["delimiter"], profile["has_header"]) == (2000, ",", True)
    species, length = profile["columns"]
    assert (species["name"], species["type"], species["unique"]) == ("species", "text", 3)
    assert (species["top"], species["freq"], species["mean"]) == ("setosa", 1000, None)
    assert (length["count"], length["mean"], length["p50"]) == (2000, 3.1875, 3.125)
    assert new_user().http.get(path).json()["code"] == "document_not_found"


def test_only_a_table_has_a_profile(new_user):
    user = new_user()
    document = ready(user, pdfs.facts_pdf())
    answer = user.http.get(f"/documents/{document['id']}/profile")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_a_table")


@pytest.mark.parametrize(
    "question,said,rows",
    [
        ("How many rows are there?", "Number of rows: 2000.", [["2000"]]),
        (
            "What is the mean of petal length by species?",
            "Mean of petal length by species: setosa: 1.5; versicolor: 4.25; virginica: 5.5.",
            [["setosa", "1.5"], ["versicolor", "4.25"], ["virginica", "5.5"]],
        ),
        (
            "top 1 species by mean petal length",
            "virginica: 5.5; … (3 in all). Computed over all 2000 rows of “Flowers”.",
            [["virginica", "5.5"]],
        ),
        (
            "how many rows where species is setosa",
            "Number of rows where species is setosa: 1000.",
            [["1000"]],
        ),
    ],
)
def test_a_question_is_computed_over_all_rows(flowers, question, said, rows):
    answer = answered(flowers, question)
    assert said in answer["answer"]
    computation = answer["computation"]
    assert (computation["rows"], computation["rows_scanned"]) == (rows, 2000)
    assert computation["description"].rstrip(".") in answer["answer"]
    assert computation["plan"]["aggregates"]
    assert (answer["provider"], answer["sources"]) == ("table", [])


def test_the_computation_comes_with_the_stream_and_is_remembered(flowers):
    seen = dict(events(flowers, "How many rows are there?"))
    assert seen["delta"]["delta"].startswith("Number of rows: 2000.")
    assert seen["done"]["computation"]["rows"] == [["2000"]]
    path = f"/documents/{flowers.document['id']}/chat"
    told = flowers.http.get(
        path, params={"conversation_id": seen["done"]["conversation_id"]}
    ).json()["items"]
    assert [m["content"] for m in told][-1] == seen["done"]["answer"]


def test_other_questions_are_answered_from_passages(flowers):
    answer = answered(flowers, "Tell me about virginica flowers")
    assert answer["computation"] is None and answer["provider"] == "extractive"
    assert answer["sources"]


def test_who_may_not_read_the_table_gets_no_number(flowers, new_user):
    stranger = new_user()
    stranger.document = flowers.document
    answer = ask(stranger, "How many rows are there?")
    assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")


def test_a_document_tells_how_it_was_read(new_user):
    user = new_user()
    plain = ready(user, b"One line.\n", name="plain.txt")
    assert (plain["warnings"], plain["needs_ocr"]) == ([], False)
    scan = wait_done(user, uploaded(user, pdfs.blank_scan(), name="scan.pdf"))
    assert (scan["status"], scan["needs_ocr"]) == ("ready", True)
    assert "text recognition" in scan["warnings"][0]
    assert upload(user, b"", name="empty.csv").json()["code"] == "file_empty"
