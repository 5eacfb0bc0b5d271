# SPDX-License-Identifier: Apache-2.0
"""What the extraction makes of a document, as whoever asks it sees that: words that were broken or
dressed up are found, columns are read to their end, sources name their heading and printed page."""

import io

import pytest
from reportlab.pdfgen import canvas

import pdfs
from test_ask import events
from test_documents import ready

OTHERS = [f"{line} ({n})." for n in range(40) for line in pdfs.FILLER]


def passages(user, question):
    return dict(events(user, question))["sources"]["sources"]


def pdf_with(*lines):
    """Many pages of something else, and these lines on the last."""
    pages = [OTHERS[i : i + 30] for i in range(0, len(OTHERS), 30)]
    return pdfs.pdf([*pages, lines])


@pytest.mark.parametrize(
    "name,data",
    [
        ("hyphen.pdf", pdf_with("The quaxo-", "latrine is a pump that nobody has built.")),
        ("wide.txt", "\n\n".join([*OTHERS, "The ｑuaxolatrine is a pump."]).encode()),
        (
            "soft.html",
            ("<p>" + "<p>".join([*OTHERS, "The quaxo&shy;latrine is a pump."])).encode(),
        ),
    ],
    ids=["hyphen", "wide letters", "soft hyphen"],
)
def test_a_word_is_found_however_it_is_set(new_user, name, data):
    user = new_user()
    user.document = ready(user, data, name=name)
    found = passages(user, "quaxolatrine")[0]
    assert "is a pump" in found["quote"]
    if name == "hyphen.pdf":
        assert "quaxolatrine" in found["quote"]
        lines = {round(box["y0"]) for box in found["boxes"]}
        assert len(lines) == 2


def chapters_pdf():
    """Two chapters with a section, printed pages iii, iv and 1."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(595, 842), invariant=1)
    sheet.addPageLabel(0, style="ROMAN_LOWER", start=3)
    sheet.addPageLabel(2, style="ARABIC", start=1)
    for number, (title, level, line) in enumerate(
        [
            ("Rivers", 0, "Sand goes to the sea."),
            ("Deltas of sand", 1, "The Okavango delta lies inland."),
            ("Tides", 0, "The tides of Fundy are the highest."),
        ]
    ):
        sheet.bookmarkPage(f"p{number}")
        sheet.addOutlineEntry(title, f"p{number}", level)
        sheet.drawString(72, 770, title)
        sheet.drawString(72, 740, line)
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def test_a_source_names_its_headings_and_the_printed_page(new_user):
    user = new_user()
    user.document = ready(user, chapters_pdf())
    found = {p["page"]: (p["heading"], p["page_label"]) for p in passages(user, "Where is it?")}
    assert found == {
        1: ("Rivers", "iii"),
        2: ("Rivers › Deltas of sand", "iv"),
        3: ("Tides", "1"),
    }
    user.document = ready(user, b"# Rivers\n\nSand.\n\n## Deltas\n\n> Silt.\n", name="notes.md")
    source = passages(user, "What is there?")[0]
    assert (source["heading"], source["page_label"]) == ("Rivers", None)


def test_a_source_names_headings_that_only_their_type_tells(new_user):
    """Without an outline: larger and bold lines, and not what stands at the foot of pages."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(595, 842), invariant=1)
    for title, size, line in (
        ("Rivers", 20, "Sand goes to the sea."),
        ("1.1 Deltas of sand", 13, "The Okavango delta lies inland."),
        ("Tides", 20, "The tides of Fundy are the highest."),
    ):
        sheet.setFont("Helvetica-Bold", size)
        sheet.drawString(72, 770, title)
        sheet.setFont("Helvetica", 10)
        for row, text in enumerate([line, *pdfs.FILLER]):
            sheet.drawString(72, 740 - 12 * row, text)
        sheet.setFont("Helvetica-Bold", 12)
        sheet.drawString(72, 40, f"A reader of the earth {sheet.getPageNumber()}")
        sheet.showPage()
    sheet.save()
    user = new_user()
    user.document = ready(user, out.getvalue())
    found = {p["page"]: p["heading"] for p in passages(user, "Where do sand and tides go?")}
    assert found == {1: "Rivers", 2: "Rivers › 1.1 Deltas of sand", 3: "Tides"}


def test_columns_drawn_line_by_line_are_read_one_after_the_other(new_user):
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(595, 842), invariant=1)
    sheet.setFont("Helvetica", 10)
    left = "a river that carries sand to the sea and".split()
    right = "some old scribe has made his parchment of the skins or".split()
    for row in range(20):
        for x, words, name in ((50, left, "left"), (310, right, "right")):
            shift = row % len(words)
            line = " ".join(words[shift:] + words[:shift])
            sheet.drawString(x, 780 - 13 * row, f"{line} {name}{row}")
    sheet.showPage()
    sheet.save()
    user = new_user()
    document = ready(user, out.getvalue())
    text = user.http.get(f"/documents/{document['id']}/pages/1").json()["text"]
    read = [word for word in text.split() if word[-1].isdigit()]
    assert read == [f"{side}{row}" for side in ("left", "right") for row in range(20)]
