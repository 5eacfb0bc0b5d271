#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the files beside it. Needs: pip install pikepdf langchain-text-splitters"""
import json
import pathlib
import random

import pikepdf
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


save_encrypted()
save_chunks()
