# SPDX-License-Identifier: Apache-2.0
"""`./dev bench embed`: takes turns between our encoder and its peers and prints the ratios.

    compare.py EMBED_BENCH MODEL_DIR WORK_DIR ROUNDS
"""

import json
import os
import random
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import machine  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

GOLDEN = HERE.parent.parent / "tests/vectors/minilm_embeddings.json"
CHUNKS = 256
TOKENS_MIN, TOKENS_MAX = 8, 256
QUERY = "how do I plot a histogram of data"  # 12 tokens with [CLS] and [SEP]
QUERIES_A_ROUND = 100
LAYERS, WIDTH = 6, 384


def make_chunks(tokenizer: Tokenizer) -> list[str]:
    """256 chunks of 8 to 256 tokens, spread evenly, cut out of the golden file's real texts."""
    items = json.loads(GOLDEN.read_text())["items"]
    words = " ".join(item["text"] for item in items).split()
    step = (TOKENS_MAX - TOKENS_MIN) / (CHUNKS - 1)
    lengths = [round(TOKENS_MIN + step * i) for i in range(CHUNKS)]
    random.Random(1).shuffle(lengths)
    chunks, at = [], 0
    for length in lengths:
        text = ""
        while len(tokenizer.encode(text).ids) < length:
            longer = (text + " " + words[at % len(words)]).strip()
            at += 1
            if len(tokenizer.encode(longer).ids) <= length:
                text = longer
            elif text:
                break  # else a word too long for a chunk this short: try the next
        chunks.append(text)
    return chunks


class Contender:
    """A process that encodes when told to."""

    def __init__(self, name: str, command: list[str]):
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ready = self.read()
        self.passes: list[dict] = []
        self.queries: list[float] = []

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench embed: {self.name} ended without an answer")
        return json.loads(line)

    def ask(self, line: str):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=60)

    def query_ms(self) -> float:
        return statistics.median(self.queries) * 1e3


def cosine(a: list[float], b: list[float]) -> float:
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5


def ratio(ours: Contender, peer: Contender, unit: str) -> float:
    """How many times as fast we were: the median of the rounds' ratios."""
    return statistics.median(
        theirs[unit] / mine[unit] for mine, theirs in zip(ours.passes, peer.passes, strict=True)
    )


def best_rate(contender: Contender, unit: str) -> float:
    return CHUNKS / min(one[unit] for one in contender.passes)


def run_threads(threads: int, open_contender, rounds: int) -> list[Contender]:
    contenders = [
        open_contender(name, threads) for name in ("stoa", "onnxruntime", "sentence-transformers")
    ]
    for number in range(rounds):
        turn = contenders if number % 2 == 0 else contenders[::-1]
        for contender in turn:
            contender.passes.append(contender.ask("all"))
        for contender in turn:
            contender.queries += contender.ask(f"query {QUERIES_A_ROUND}")
    return contenders


def print_table(threads: int, contenders: list[Contender]) -> None:
    ours = contenders[0]
    print(f"\n### {threads} thread{'s' if threads > 1 else ''}\n")
    print("| | chunks/CPU-s | chunks/s | query, p50 | ours by CPU | by wall clock | query |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for one in contenders:
        ratios = "| | | |"
        if one is not ours:
            ratios = (
                f"| {ratio(ours, one, 'cpu'):.2f}x | {ratio(ours, one, 'wall'):.2f}x "
                f"| {one.query_ms() / ours.query_ms():.2f}x |"
            )
        print(
            f"| {one.name} | {best_rate(one, 'cpu'):.1f} | {best_rate(one, 'wall'):.1f} "
            f"| {one.query_ms():.2f} ms {ratios}"
        )


def main() -> None:
    load_before = os.getloadavg()[0]
    program, model, work = sys.argv[1:4]
    rounds = int(sys.argv[4])
    tokenizer = Tokenizer.from_file(f"{model}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    chunks = make_chunks(tokenizer)
    texts_file = Path(work) / "texts.json"
    texts_file.write_text(json.dumps(chunks))
    counts = [len(tokenizer.encode(chunk).ids) for chunk in chunks]
    flops = sum(
        LAYERS * (24 * count * WIDTH**2 + 4 * count**2 * WIDTH) for count in counts
    )

    def open_contender(name: str, threads: int) -> Contender:
        tail = [model, str(texts_file), str(threads), QUERY]
        if name == "stoa":
            return Contender(name, [program, *tail])
        peer = [sys.executable, str(HERE / "peer.py"), name, *tail, f"{work}/minilm.onnx"]
        return Contender(name, peer)

    peak = open_contender("peak", 1).ready
    one = run_threads(1, open_contender, rounds)
    worst = min(map(cosine, one[0].ask("vectors"), one[2].ask("vectors")))
    for contender in one:
        contender.close()
    two = run_threads(2, open_contender, rounds)
    for contender in two:
        contender.close()

    ready = one[0].ready
    # VNNI multiplies as many 16-bit integers a cycle as others bfloat16.
    kind = "bfloat16" if "VNNI" in ready["kernels"] else "float"
    rate = flops / min(turn["cpu"] for turn in one[0].passes) / 1e9
    print(f"{machine.describe(load_before)}; {rounds} rounds")
    print(f"{CHUNKS} chunks, {sum(counts)} tokens ({min(counts)} to {max(counts)}), "
          f"{flops / 1e9:.0f} GFLOP; query of {len(tokenizer.encode(QUERY).ids)} tokens")
    print(f"kernels {ready['kernels']}; open {ready['open_seconds'] * 1e3:.0f} ms; "
          f"private memory {ready['private_memory']}")
    print(f"worst cosine to sentence-transformers over these chunks: {worst:.6f}")
    print(f"one core: {rate:.0f} GFLOP/s, {100 * rate / peak[kind]:.0f} % of the GEMM peak of "
          f"{peak[kind]:.0f} ({kind}); float peak {peak['float']:.0f}")
    print_table(1, one)
    print_table(2, two)


if __name__ == "__main__":
    main()
