# SPDX-License-Identifier: Apache-2.0
"""PDF files for tests: good ones with known facts on known pages, and every kind of bad one."""

import io
import zlib

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

# Page, the sentence that stands there and nowhere else, a question, and words of its answer.
FACTS = [
    (
        2,
        "The boiling point of caesium is 671 degrees Celsius, which is low for a metal.",
        "At what temperature does caesium boil?",
        "671 degrees",
    ),
    (
        5,
        "The library of Alexandria was founded under Ptolemy the First.",
        "Under whom was the library of Alexandria founded?",
        "Ptolemy",
    ),
    (
        9,
        "The heart of a hummingbird beats up to 1260 times a minute while it flies.",
        "How fast does the heart of a hummingbird beat?",
        "1260 times",
    ),
]
FILLER = [
    "Rivers carry sand and gravel to the sea and build wide deltas there.",
    "Bread rises because yeast gives off carbon dioxide in the dough.",
    "A sail works like a wing that stands upright in the wind.",
    "Medieval scribes prepared parchment from the skins of calves and sheep.",
    "The tides follow the moon with a delay that depends on the coast.",
    "A violin's bow is strung with the hair of horses.",
    "Lichens are fungi that live together with algae.",
    "Concrete hardens by taking up water, not by drying.",
]


def pdf(pages, encrypt=None):
    """One page for each list of lines."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(595, 842), encrypt=encrypt, invariant=1)
    for lines in pages:
        sheet.setFont("Helvetica", 11)
        for number, line in enumerate(lines):
            sheet.drawString(72, 770 - 16 * number, line)
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def facts_pdf(pages=12):
    texts = []
    for number in range(1, pages + 1):
        lines = [f"Chapter {number}", ""]
        lines += [FILLER[(number + i) % len(FILLER)] for i in range(4)]
        lines += [fact for page, fact, _, _ in FACTS if page == number]
        lines += [FILLER[(number + 4 + i) % len(FILLER)] for i in range(3)]
        texts.append(lines)
    return pdf(texts)


def long_pdf(pages):
    """Every page differs, and gives two or three chunks."""
    return pdf(
        [
            [
                f"Page {number}, line {line}: {FILLER[(number * 7 + line) % len(FILLER)]}"
                for line in range(30)
            ]
            for number in range(1, pages + 1)
        ]
    )


def _objects(objects):
    """A PDF of these objects (bytes by number), the first the catalog."""
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (max(objects) + 1)
    for number in range(1, max(objects) + 1):
        out += b"%010d 00000 n \n" % places[number]
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        max(objects) + 1,
        table,
    )
    return bytes(out)


def page_count_bomb():
    """Claims two billion pages: each node of the tree names the next one thousand times."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>"
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>"}
    for level in range(2, 6):
        kids = b" ".join([b"%d 0 R" % (level + 1)] * 1000)
        objects[level] = b"<< /Type /Pages /Count 2000000000 /Kids [%s] >>" % kids
    objects[6] = page
    return _objects(objects)


def inflating_bomb(megabytes=240):
    """A page whose content is small as it lies there and large once it is inflated."""
    packer = zlib.compressobj(9)
    block = b"BT (x) Tj ET " * 80660  # about a mebibyte
    content = b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()
    return _objects(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R >>",
            4: b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream"
            % (len(content), content),
        }
    )


def blank_scan():
    """A page that a picture covers, on which there is nothing to be read."""
    picture = b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray"
    content = b"200 0 0 200 0 0 cm /I Do"
    return _objects(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R "
            b"/Resources << /XObject << /I 5 0 R >> >> >>",
            4: b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
            5: b"<< %s /BitsPerComponent 8 /Length 1 >>\nstream\n\xff\nendstream" % picture,
        }
    )


def drawing_only():
    out = io.BytesIO()
    sheet = canvas.Canvas(out, invariant=1)
    sheet.rect(100, 100, 200, 200, fill=1)
    sheet.showPage()
    sheet.save()
    return out.getvalue()


def encrypted():
    return pdf(
        [["Nobody may read this."]], encrypt=StandardEncryption("secret", ownerPassword="other")
    )


# What is wrong, the bytes, and the codes of which one must come back.
BAD = {
    "encrypted": (encrypted, {"pdf_encrypted"}),
    "truncated": (lambda: facts_pdf()[:300], {"pdf_damaged", "no_text"}),
    "empty": (lambda: b"", {"file_empty"}),
    "not_a_pdf": (lambda: b"GIF89a\x01\x00\x01\x00\xff\xfe\x00", {"not_a_pdf"}),
    "header_alone": (lambda: b"%PDF-1.7\n", {"pdf_damaged", "no_text"}),
    "no_text": (drawing_only, {"no_text"}),
    "page_count_bomb": (page_count_bomb, {"too_many_pages", "pdf_damaged", "pdf_too_complex"}),
    "inflating_bomb": (
        inflating_bomb,
        {"pdf_too_complex", "extraction_timeout", "extraction_crashed"},
    ),
}
