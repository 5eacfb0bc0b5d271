# SPDX-License-Identifier: Apache-2.0
"""CSV documents: their profile, and questions that are computed over all of their rows."""

import csv
import io

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


def test_a_result_comes_as_csv_that_no_spreadsheet_runs(new_user):
    user = new_user()
    names = ["=1+1", "+49 30", "@SUM(A1)", "-5", 'a "b", c', "plain"]
    csv_file = "name,price\n" + "".join(
        '"{}",{}\n'.format(name.replace('"', '""'), -number) for number, name in enumerate(names)
    )
    document = ready(user, csv_file.encode(), name="bad.csv")
    path, question = f"/documents/{document['id']}/query", {"question": "top 6 names by price"}
    answer = user.http.post(path, json=question, headers={"Accept": "text/csv"})
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    shown = ["'=1+1", "'+49 30", "'@SUM(A1)", "-5", 'a "b", c', "plain"]
    assert rows == [["name", "price"], *([n, str(-i)] for i, n in enumerate(shown))]
    told = user.http.post(path, json=question).json()
    assert [row[0] for row in told["rows"]] == names and told["rows_scanned"] == len(names)


def test_a_query_only_computes(flowers, new_user):
    path = f"/documents/{flowers.document['id']}/query"
    answer = flowers.http.post(path, json={"question": "Tell me about virginica flowers"})
    assert (answer.status_code, answer.json()["code"]) == (422, "question_not_understood")
    question = {"question": "How many rows are there?"}
    assert new_user().http.post(path, json=question).json()["code"] == "document_not_found"
    plain = ready(flowers, b"One line.\n", name="plain.txt")
    answer = flowers.http.post(f"/documents/{plain['id']}/query", json=question)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_a_table")


def test_the_computation_comes_with_the_stream_and_is_remembered(flowers):
    seen = dict(events(flowers, "How many rows are there?"))
    assert seen["delta"]["delta"].startswith("Number of rows: 2000.")
    assert seen["done"]["computation"]["rows"] == [["2000"]]
    path = f"/documents/{flowers.document['id']}/chat"
    told = flowers.http.get(
        path, params={"conversation_id": seen["done"]["conversation_id"]}
    ).json()["items"]
    assert [m["content"] for m in told][-1] == seen["done"]["answer"]


def test_other_questions_are_answered_from_passages(new_user):
    user = new_user()
    told = "The virginica iris has the longest petals of all."
    user.document = ready(
        user, f"species,notes\nvirginica,{told}\nsetosa,It is small.\n".encode(), name="notes.csv"
    )
    answer = answered(user, "Tell me about the petals of the virginica iris")
    assert answer["computation"] is None and answer["provider"] == "extractive"
    assert told in answer["sources"][0]["quote"]


@pytest.fixture(scope="module")
def tables_room(shared_stack):
    """Two tables and a document in one room, with somebody else in it."""
    owner, user = shared_stack.new_user(), shared_stack.new_user()
    user.owner, user.the_room = owner, owner.room()
    user.http.post("/rooms/join", json={"room_id": user.the_room["id"]}).raise_for_status()
    user.path = f"/rooms/{user.the_room['id']}/ask"
    for data, name in (
        (CSV.encode(), "flowers.csv"),
        (b"city,people\nRome,3\nOslo,1\n", "big_cities.csv"),
        (pdfs.facts_pdf(), "facts.pdf"),
    ):
        shared = ready(owner, data, name=name, room_id=user.the_room["id"])
        setattr(user, name.split(".")[0], shared)
    return user


@pytest.mark.parametrize(
    "question,table,rows",
    [
        ("What is the mean of people?", "big_cities", [["2"]]),
        ("How many rows are there where species is setosa?", "flowers", [["1000"]]),
        ("How many rows are in flowers.csv?", "flowers", [["2000"]]),
        ("How many rows are in the big_cities table?", "big_cities", [["2"]]),
    ],
)
def test_a_room_is_asked_for_the_table_that_is_meant(tables_room, question, table, rows):
    answer = answered(tables_room, question, tables_room.path)
    meant = getattr(tables_room, table)
    computation = answer["computation"]
    assert (computation["rows"], computation["document_id"]) == (rows, meant["id"])
    assert computation["description"].rstrip(".") in answer["answer"]
    assert f"of “{meant['title']}”" in answer["answer"]


def test_where_several_tables_could_be_meant_passages_answer(tables_room):
    for question in ("How many rows are there?", "At what temperature does caesium boil?"):
        answer = answered(tables_room, question, tables_room.path)
        assert (answer["computation"], answer["provider"]) == (None, "extractive")
    assert answer["sources"][0]["document_id"] == tables_room.facts["id"]


def test_only_what_is_shared_into_the_room_now_is_computed(tables_room):
    """With a table of the asker's own beside it, and until the share ends."""
    ready(tables_room, b"people\n1\n", name="mine.csv")
    question = "What is the mean of people?"
    assert answered(tables_room, question, tables_room.path)["computation"]["rows"] == [["2"]]
    path = f"/documents/{tables_room.big_cities['id']}/permissions"
    ended = tables_room.owner.http.delete(path, params={"room_id": tables_room.the_room["id"]})
    ended.raise_for_status()
    assert answered(tables_room, question, tables_room.path)["computation"] is None


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


@pytest.mark.parametrize(
    "encode,encoding",
    [
        (lambda text: b"\xef\xbb\xbf" + text.encode(), "utf-8"),
        (lambda text: text.encode("utf-16"), "utf-16le"),
        (lambda text: b"\xfe\xff" + text.encode("utf-16-be"), "utf-16be"),
        (lambda text: text.encode("cp1252"), "windows-1252"),
    ],
)
def test_a_table_is_read_in_any_encoding(new_user, encode, encoding):
    user = new_user()
    text = "name,note\n" + "".join(f'Zoë {i},"first, line\r\nsecond “line”"\n' for i in range(9))
    user.document = ready(user, encode(text), name="marks.csv")
    profile = user.http.get(f"/documents/{user.document['id']}/profile").json()
    assert (profile["encoding"], profile["rows"], profile["ragged_rows"]) == (encoding, 9, 0)
    assert [c["name"] for c in profile["columns"]] == ["name", "note"]
    assert profile["columns"][1]["top"] == "first, line\r\nsecond “line”"
    assert user.document["warnings"] == []


@pytest.mark.parametrize("declared,delimiter", [(";", ";"), ("\t", "\t"), ("\\t", "\t")])
def test_a_table_may_declare_its_delimiter_as_excel_does(new_user, declared, delimiter):
    user = new_user()
    rows = [("city", "price, total"), ("Rome", "1,50"), ("Oslo", "2,50")]
    text = f"sep={declared}\r\n" + "".join(delimiter.join(row) + "\r\n" for row in rows)
    user.document = ready(user, text.encode(), name="prices.csv")
    profile = user.http.get(f"/documents/{user.document['id']}/profile").json()
    assert (profile["rows"], profile["delimiter"], profile["has_header"]) == (2, delimiter, True)
    assert [c["name"] for c in profile["columns"]] == ["city", "price, total"]
    page = user.http.get(f"/documents/{user.document['id']}/pages/2").json()
    assert (page["label"], page["text"].splitlines()[0]) == ("rows 1–2", "city | price, total")
    assert ready(user, b"sep=;\nname\nada\n", name="names.csv")["warnings"] == []


def test_what_is_odd_in_a_table_is_told_and_found(new_user):
    user = new_user()
    rows = [f"{i},plain,{i}" for i in range(40)]
    rows += ["40,short", "41,long,41,beyondmost", '42,w,"never closed']
    raw = ("id,word,n\n" + "\n".join(rows) + "\n").encode()
    raw += "Zoë Zoé,x,1\n".encode() + b"na\xefve,y,2\n"
    user.document = ready(user, raw, name="odd.csv")
    told = " ".join(user.document["warnings"])
    for what in ("1 characters are in another", "2 rows have more or fewer", "never closed"):
        assert what in told
    pages = user.document["page_count"]
    text = "\n".join(
        user.http.get(f"/documents/{user.document['id']}/pages/{n + 1}").json()["text"]
        for n in range(pages)
    )
    for word in ("short", "beyondmost", "never closed", "Zoë", "naïve"):
        assert word in text
    passages = dict(events(user, "What is said of beyondmost?"))["sources"]["sources"]
    assert any("beyondmost" in passage["quote"] for passage in passages)
