"""Writes what Python's json module, str methods and operators say, for the tests of this package.

    python golden.py        (CPython 3.11; standard library only)

cases.jsonl     one JSON text a line with json.loads' result (its str, repr, truth and dumps in several forms) or its error
equal.jsonl     pairs of JSON texts, and whether the decoded values are equal
strings.jsonl   strings with lower, strip, split, len, repr
characters.json for every assigned code point, as ranges: printable, space, lower case, cased, case-ignorable
"""

import json
import os
import random
import sys
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
RNG = random.Random(20260101)


def put(name, rows):
    with open(os.path.join(HERE, name), "w", encoding="ascii", newline="\n") as f:
        for row in rows:
            line = json.dumps(row)
            # Two lone halves side by side would read back as a pair: a golden file cannot hold them.
            if json.loads(line) == row:
                f.write(line + "\n")


SEEDS = [
    '{"doc_type": "projects", "filters": {"programme": null, "year": ">=2020"}, "organisations": [], "n": [1, -2.5e3, true, false]}',
    '["\\u00e0\\ud83d\\ude00\\n\\t\\"\\\\\\/\\b\\f\\r", "\\ud800", "\\udc00\\ud800", "\\ud800\\u0041", "\\uD83D\\uDE00"]',
    '{"a": 1, "b": 2, "a": [3], "c": {"d": {}, "e": []}, "b": null}',
    ' \t\r\n[ NaN , Infinity,-Infinity , 1e400, -1e400, 1e-400, -0, -0.0, 0, 0.0 ] \n',
    '[1234567890123456789012345678901234567890, 9007199254740993, 1e5, 1E-7, 1e16, 1e15, 123456789012345680.0, 0.0001, 0.00001, 5e-324]',
    '"plain"', '"l\u00b7l \u20ac \U0001f600 \u2028\u2029\x7f\x85"', "12", "-1", "1.0", "null", "true", "false", "{}", "[]", '""',
    '{"k": "it\'s", "l": "say \\"hi\\"", "m": "both \' and \\"", "n": "\\u0000\\u001f\\u007f\\u0085\\u00a0\\u00ad\\u200b\\ue000\\ufeff"}',
]
FIXED = [
    "", " ", "\ufeff{}", "\ufeff", "nul", "nulll", "Tru", "N", "Nan", "NaNN", "-", "-I", "-Infinit", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1.e5",
    "0x10", "1_000", "--1", "- 1", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{,}", '{"a"}', '{"a":}', '{"a":1,}', '{"a" 1}', '{"a":1 "b":2}',
    "{a: 1}", "{'a': 1}", '{"a": 1}}', '{"a": 1}{"b": 2}', "[1][2]", '"', '"abc', '"a\nb"', '"a\tb"', '"a\x00b"', '"a\x1fb"', '"\\', '"\\"', '"\\x41"', '"\\u"',
    '"\\u12"', '"\\u123g"', '"\\u1234', '"\\ud800\\u"', '"\\ud800\\u12"', '"\\ud800\\u12345', '"\\ud800\\udc00', '"\\ud800\\', '"\\ud800\\n"', '"\\ud83d\\ud83d\\ude00"',
    '"\\u00E9"', '"\ud800"', '"\\ud83d\ude00"', '"\ud83d\\ude00"', "// c\n1", "/* c */ 1", "[1] // c", "\x0b1", "\u00a01", "1\u00a0", "\x001", "1\x00",
    "\n\n  [1,\n 2,\n \u00e9]", '{"\u00e9\U0001f600": x}', "[\n\ud800]", "0" * 3, "1" * 4300, "1" * 4301, "-" + "1" * 4300, "-" + "1" * 4301, "[" + "1" * 4301 + "]", "1" * 5000 + ".0", "1" * 5000 + "e0",
    '{"a": ' * 20 + "1" + "}" * 20, "tru\u00e9", "[tru]", '{"a": nope}', "1 ,", '["a" "b"]', '{"a": "b" "c"}', "Infinity", "-Infinity", "NaN", "2.02e3", "2020.0", "1e22", "1e23",
    "179769313486231570000000000000000000000.5", "4.35", "0.1e1", "100000000000000000000000.0", "-0e5", "0e0", "[]]", "{}}", "[{]}", '{"a":[}', "\"\u2028\"", "[[[[[]]]]]",
]
TOKENS = list('{}[]:,"\\ \n\t0123456789eE+-.abnrtfulxNI\u00e9\u20ac\U0001f600') + ["null", "true", "NaN", "Infinity", "\\u", "\\ud800", "\\udc00", '"a"', "\x00", "\x1f"]


def mutate(text):
    chars = list(text)
    for _ in range(RNG.randint(1, 3)):
        at = RNG.randint(0, len(chars))
        action = RNG.randint(0, 3)
        if action == 0:
            chars.insert(at, RNG.choice(TOKENS))
        elif action == 1 and chars:
            del chars[min(at, len(chars) - 1)]
        elif action == 2 and chars:
            chars[min(at, len(chars) - 1)] = RNG.choice(TOKENS)
        else:
            chars = chars[:at]
    return "".join(chars)


def case(text):
    row = {"text": text}
    try:
        v = json.loads(text)
    except json.JSONDecodeError as e:
        return row | {"error": str(e)}
    except ValueError as e:
        return row | {"limit": str(e)}
    return row | {
        "str": str(v), "repr": repr(v), "truth": bool(v),
        "dumps": json.dumps(v), "plain": json.dumps(v, ensure_ascii=False), "indent2": json.dumps(v, ensure_ascii=False, indent=2),
        "indent4sorted": json.dumps(v, indent=4, sort_keys=True), "compact": json.dumps(v, separators=(",", ":")),
    }


texts = SEEDS + FIXED + [mutate(RNG.choice(SEEDS)) for _ in range(900)]
put("cases.jsonl", [case(t) for t in dict.fromkeys(texts)])

VALUES = ["null", "0", "-0", "0.0", "-0.0", "1", "1.0", "true", "false", '""', '" "', '"0"', '"1"', "[]", "{}", "[null]", "[0]", "[false]", "[NaN]", "[[NaN]]", '{"a": NaN}', "NaN", "Infinity", "1e400", "-Infinity",
          "9007199254740993", "9007199254740992", "9007199254740992.0", "9007199254740994.0", "100000000000000000000000", "1e23", "99999999999999991611392", "2020", "2020.0", "2.02e3", '"2020"', '"\\u00e0"', '"a\\u0300"',
          '{"a": 1, "b": 2}', '{"b": 2.0, "a": true}', '{"a": 1}', '{"a": null}', '[1, 2]', '[2, 1]', '"\\ud83d\\ude00"', '"\\ud800"', '"None"', "123456789012345678901234567890", "-123456789012345678901234567890", "1.5", "[1.5, []]", "[1.5, {}]"]
# The two sides of a comparison come out of one json.loads each, as gold and prediction do in the reference program.
put("equal.jsonl", [{"a": a, "b": b, "equal": json.loads(a) == json.loads(b)} for a in VALUES for b in VALUES])

ALPHABET = ["a", "Z", "\u0130", "\u03a3", "\u03c3", "\u03a3", "'", ".", "\u00b7", "\u0301", "\u02b0", "\u00ad", " ", "\t", "\n", "\x1c", "\x1f", "\x85", "\u00a0", "\u1680", "\u180e", "\u200b", "\u2003", "\u2028", "\ufeff",
            "\u3000", "1", "-", "\u00c0", "\u00df", "\u1e9e", "\u01c5", "\u2160", "\u24b6", "\ud800", "\udc00", "\U00010400", "\U0001f600", "\\", '"', "\u0345", "\u2019", ":", "\u00aa", "\ue000", "\U000e0001", "l\u00b7l"]
strings = ["", "\u03a3", "\u0391\u03a3", "\u0391\u03a3\u0391", "\u039f\u0394\u039f\u03a3", "\u0391'\u03a3", "\u0391\u03a3'\u0391", "\u0391\u03a3' \u0391", "1\u03a3", "\u0391\u03a3.", "DI\u0130", "  a b\x1cc\u200b ", "\x1c\x1d\x1e\x1fa"]
strings += ["".join(RNG.choice(ALPHABET) for _ in range(RNG.randint(1, 12))) for _ in range(800)]
put("strings.jsonl", [{"s": s, "lower": s.lower(), "strip": s.strip(), "split": s.split(), "len": len(s), "repr": repr(s)} for s in strings])


def ranges(holds):
    out = []
    for c in range(sys.maxunicode + 1):
        if holds(c):
            if out and out[-1][1] == c - 1:
                out[-1][1] = c
            else:
                out.append([c, c])
    return out


def ignorable(c):
    # Sigma is final only if what lies between it and the A before does not matter.
    return ("A" + chr(c) + "\u03a3").lower()[-1] == "\u03c2" and ("1" + chr(c) + "\u03a3").lower()[-1] == "\u03c3"


assigned = lambda c: unicodedata.category(chr(c)) != "Cn"
characters = {
    "unicode": unicodedata.unidata_version,
    "assigned": ranges(assigned),
    "printable": ranges(lambda c: chr(c).isprintable()),
    "space": ranges(lambda c: chr(c).isspace()),
    "ends_word_after": ranges(lambda c: ("1" + chr(c) + "\u03a3").lower()[-1] == "\u03c2"),
    "case_ignorable": ranges(ignorable),
    "lower": [[c, chr(c).lower()] for c in range(sys.maxunicode + 1) if chr(c).lower() != chr(c)],
}
with open(os.path.join(HERE, "characters.json"), "w", encoding="ascii", newline="\n") as f:
    json.dump(characters, f, separators=(",", ":"))
    f.write("\n")
