# SPDX-License-Identifier: Apache-2.0
"""A peer of `./dev bench embed`: obeys the same lines of stdin as embed_bench.cpp.

    peer.py onnxruntime|sentence-transformers|peak MODEL_DIR TEXTS.json THREADS QUERY ONNX_FILE
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["TQDM_DISABLE"] = "1"
TOKENS_MAX = 256


def open_onnxruntime(model: str, threads: int, onnx: str):
    """Batch 1: every text alone, so nothing is padded."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{model}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS_MAX)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])

    def encode_one(text: str):
        ids = np.array([tokenizer.encode(text).ids])
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        mean = session.run(None, inputs)[0][0].mean(0)
        return mean / np.linalg.norm(mean)

    return lambda texts: [encode_one(text) for text in texts]


def open_sentence_transformers(model: str, threads: int):
    """As it comes: batches of 32, sorted by length and padded."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules

    torch.set_num_threads(threads)
    network = modules.Transformer(model, max_seq_length=TOKENS_MAX)
    parts = [network, modules.Pooling(384, pooling_mode="mean"), modules.Normalize()]
    encoder = SentenceTransformer(modules=parts, device="cpu")
    return lambda texts: encoder.encode(texts, show_progress_bar=False)


def export_onnx(model: str, onnx: str) -> None:
    import torch
    from transformers import AutoModel

    class Encoder(torch.nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.network(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state

    names = ["input_ids", "attention_mask", "token_type_ids"]
    ids = torch.randint(1000, 2000, (2, 17))
    torch.onnx.export(
        Encoder(AutoModel.from_pretrained(model, attn_implementation="eager").eval()),
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        onnx + ".new",
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in [*names, "last_hidden_state"]},
        opset_version=17,
        dynamo=False,
    )
    os.replace(onnx + ".new", onnx)


def measure_peak() -> dict:
    """The most that one core multiplies here, in GFLOP/s: the best of several square products."""
    import torch

    torch.set_num_threads(1)
    peak = {}
    for name, kind in (("float", torch.float32), ("bfloat16", torch.bfloat16)):
        best = float("inf")
        for size in (1024, 1536):
            left, right = (torch.randn(size, size).to(kind) for _ in range(2))
            for _ in range(5):
                start = time.perf_counter()
                torch.mm(left, right)
                best = min(best, (time.perf_counter() - start) / (2 * size**3))
        peak[name] = 1e-9 / best
    return peak


def obey(line: str, encode, texts: list[str], query: str):
    if line == "all":
        wall, cpu = time.perf_counter(), time.process_time()
        encode(texts)
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    if line == "vectors":
        return [[float(x) for x in vector] for vector in encode(texts)]
    seconds = []
    for _ in range(int(line.split()[1])):
        start = time.perf_counter()
        encode([query])
        seconds.append(time.perf_counter() - start)
    return seconds


def main() -> None:
    kind, model, texts_file, threads, query, onnx = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    if kind == "peak":
        print(json.dumps(measure_peak()), file=answers, flush=True)
        return
    if kind == "onnxruntime":
        if not Path(onnx).exists():
            export_onnx(model, onnx)
        encode = open_onnxruntime(model, int(threads), onnx)
    else:
        encode = open_sentence_transformers(model, int(threads))
    texts = json.loads(Path(texts_file).read_text())
    encode(texts[:8])
    print(json.dumps({}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(obey(line.strip(), encode, texts, query)), file=answers, flush=True)


if __name__ == "__main__":
    main()
