#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the files beside it. Needs: pip install pikepdf pymupdf langchain-text-splitters"""
import json
import pathlib
import random
import zipfile

import pikepdf
import pymupdf
from langchain_text_splitters import RecursiveCharacterTextSplitter

HERE = pathlib.Path(__file__).parent


def save_encrypted():
    """One page that says "Secret words", locked for reading, and locked for its owner alone."""
    for name, user in (("encrypted.pdf", "user"), ("owner_only.pdf", "")):
        pdf = pikepdf.new()
        page = pdf.add_blank_page(page_size=(300, 200))
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1,
                                  BaseFont=pikepdf.Name.Helvetica)
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=pdf.make_indirect(font)))
        page.Contents = pdf.make_stream(b"BT /F1 12 Tf 20 100 Td (Secret words) Tj ET")
        pdf.save(HERE / name, encryption=pikepdf.Encryption(owner="owner", user=user, R=6))


def texts():
    rng = random.Random(7)
    words = "a be sea idea house planet compute learning knowledge Ärger straße δοκιμή 学习 🙂".split()

    def prose(count):
        out = []
        for _ in range(count):
            out.append(rng.choice(words))
            out.append(rng.choice([" "] * 12 + [". ", ".\n", "\n", "\n\n", ".\n\n", "  ", ", "]))
        return "".join(out)

    yield from ("", " \n\n ", "word", "One sentence. Another one. A third.", "x" * 95,
                "学习" * 60, "a.b.c. " * 30, "\n\n\n\nlead\n\n\n\nand tail\n\n\n",
                "\u00a0padded\u00a0 " * 20, ". . . . " * 20, "🙂" * 41 + " " + "é" * 40)
    for count in (5, 20, 60, 200, 600):
        yield prose(count)


def save_chunks():
    cases = []
    for text in texts():
        for size, overlap in ((40, 10), (40, 0), (100, 30), (1000, 150)):
            splitter = RecursiveCharacterTextSplitter(
                separators=["\n\n", "\n", ". ", " ", ""], keep_separator="end",
                chunk_size=size, chunk_overlap=overlap)
            cases.append({"size": size, "overlap": overlap, "text": text,
                          "chunks": splitter.split_text(text)})
    (HERE / "chunks.json").write_text(json.dumps({"cases": cases}, ensure_ascii=False), "utf-8")


WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
BODY = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document {WORD}><w:body>
<w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr><w:r><w:t>Rivers</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">They carry </w:t></w:r>
<w:r><w:t>gravel &amp; sand.</w:t></w:r>
<w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Rhine</w:t></w:r></w:p></w:tc>
<w:tc><w:p><w:r><w:t>1233 km</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
<w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>Deltas</w:t></w:r></w:p>
<w:p><w:r><w:t>before</w:t><w:br w:type="page"/><w:t>after</w:t></w:r></w:p>
</w:body></w:document>"""
STYLES = f"""<w:styles {WORD}><w:style w:type="paragraph" w:styleId="berschrift1">
<w:name w:val="heading 1"/></w:style></w:styles>"""
NOTES = f"""<w:footnotes {WORD}><w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote>
</w:footnotes>"""
CORE = """<c:coreProperties xmlns:c="urn:c" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>On rivers</dc:title></c:coreProperties>"""
ENTITIES = """<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<x>&b;</x>"""


def save_archive(name, parts):
    with zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in parts.items():
            archive.writestr(zipfile.ZipInfo(part, (2020, 1, 1, 0, 0, 0)), text,
                             zipfile.ZIP_DEFLATED)


def save_docx():
    """A good one, with members whose names climb out of the folder; a bomb; one with entities."""
    types = {"[Content_Types].xml": "<Types/>"}
    save_archive("document.docx", types | {
        "../../../../tmp/evil": "never unpacked", "/etc/evil": "nor this",
        "word/styles.xml": STYLES,
        "word/document.xml": BODY, "word/footnotes.xml": NOTES, "docProps/core.xml": CORE})
    padding = " " * 20_000_000
    save_archive("bomb.docx", types | {"word/document.xml": BODY + padding})
    save_archive("entities.docx", types | {"word/document.xml": ENTITIES})


def save_scan():
    """A page that is only a picture of text."""
    drawn = pymupdf.open()
    page = drawn.new_page(width=300, height=200)
    page.insert_text((30, 80), "Lichens are fungi", fontsize=20)
    page.insert_text((30, 110), "living with algae.", fontsize=20)
    picture = page.get_pixmap(dpi=150, colorspace=pymupdf.csGRAY)
    scan = pymupdf.open()
    scan.new_page(width=300, height=200).insert_image((0, 0, 300, 200), pixmap=picture)
    scan.save(HERE / "scan.pdf", deflate=True, garbage=4, no_new_id=True)


save_encrypted()
save_docx()
save_scan()
save_chunks()
