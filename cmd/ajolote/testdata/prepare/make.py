"""Writes cases.json: input files, and what the reference's prepare_training_data.py says and writes for some command lines.

    python make.py CHECKOUT > cases.json

CHECKOUT is a checkout of sirisacademic/aina-impulse (Apache-2.0) at 0d528808a9cc828bf515e4a6763cd6daa92f8fe4. Every query here was
made for this test.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

CHECKOUT = pathlib.Path(sys.argv[1]).resolve()


def query(number, lang, question, **change):
    q = {
        "doc_type": "projects",
        "filters": {"programme": None, "funding_level": None, "year": ">=2022", "location": None, "location_level": None},
        "organisations": [],
        "semantic_query": "gestió de purins",
        "query_rewrite": f"«{question}»",
        "meta": {"id": f"Q_{number:03}", "lang": lang, "original_query": question, "notes": None},
    }
    q.update(change)
    return q


def text(value):
    return json.dumps(value, ensure_ascii=False)


odd = query(7, "EN", 'quotes " and \\ and / < > & \u007f \u2028 \u2029 \u0001 \t é 😀 e\u0301', metric="list", filters={
    "year": 2020, "z": 2020.0, "a": [1e5, 1e-7, 12345678901234567890123, -0.0, True, {}, [], {"k": None}], "extra": "kept"})
odd["meta"].update(intent="Discover", components=["x"], source="test")
del odd["meta"]["notes"]

FILES = {
    "prompt.txt": "\ufeff  Ets un analitzador.\r\nRespon en JSON.\rFi \u3000\n\n",
    "empty.txt": " \n\t\u2003\n",
    "latin1.txt": None,  # written as bytes below
    "in/batch1.json": text([query(1, "CA", "projectes sobre purins"), query(2, "ES", "proyectos de purines")]),
    "in/batch2.json": text({"queries": [query(3, "EN", "projects on slurry"), odd], "name": "b"}),
    "in/batch10.json": text([query(i, ["CA", "ES", "EN"][i % 3], f"pregunta {i}") for i in range(10, 22)]),
    "in/batch_nan.json": '[' + text(query(30, "CA", "x")).replace('">=2022"', '[NaN, Infinity, -Infinity, 1e400, -0, 1E5, 0.1e1]') + ']',
    "in/other.json": text([query(40, "CA", "una altra")]),
    "in/.batch_hidden.json": text([query(41, "CA", "amagada")]),
    "in/deep/er/batch3.json": text([query(42, "EN", "deep")]),
    "in/deep/batch4.json": text([query(43, "EN", "less deep")]),
    "skips/batch_a.json": '"text"',
    "skips/batch_b.json": '{"items": []}',
    "skips/batch_c.json": "[1, 2",
    "skips/batch_d.json": "",
    "skips/batch_e.json": "\ufeff[]",
    "skips/batch_f.json": '{"queries": null}',
    "skips/batch_g.json": '{"queries": 3}',
    "skips/batch_h.json": '{"queries": 3.5}',
    "skips/batch_i.json": '{"queries": true}',
    "skips/batch_j.json": '{"queries": ""}',
    "skips/batch_k.json": '{"queries": {}}',
    "skips/batch_l.json": "[]",
    "skips/batch_m.json": None,
    "skips/batch_n.json/x": "a folder that looks like a file",
    "skips/batch_z.json": text([query(50, "CA", "última")]),
    "faulty/batch1.json": text([query(60, "CA", "bona"), {"doc_type": "projects", "meta": {"id": 3}}, {}]),
    "nometa/batch1.json": text([{**query(61, "CA", "x"), "meta": None}]),
    "keys/batch1.json": text({"queries": {"a": 1}}),
    "letters/batch1.json": text({"queries": "ab"}),
    "numbers/batch1.json": text([3]),
    "langs/batch1.json": text([query(70, v, "x") for v in (None, 1, 1.0, True, "it's", 'a"b', 2.5, None)]),
    "listlang/batch1.json": text([query(71, ["CA"], "x")]),
    "numberquestion/batch1.json": text([query(72, "CA", 3.0)]),
    "surrogate/batch1.json": '[' + text(query(73, "CA", "x")).replace("gestió", "\\ud800") + ']',
    "none/readme.md": "nothing here",
}
BYTES = {"latin1.txt": "Ets un anàlisi".encode("latin-1"), "skips/batch_m.json": b'["\xff"]'}

SALAMANDRA = ["--model", "BSC-LT/salamandra-7b-instruct-tools"]
RUN = ["--output-file", "out/data.jsonl", "--prompt-file", "prompt.txt"]


def case(name, folder, *more, model=SALAMANDRA, prompt=None, stdin=""):
    args = ["--input-dir", folder, "--output-file", "out/deep/data.jsonl", "--prompt-file", prompt or "prompt.txt", *model, *more]
    return {"name": name, "args": args, "stdin": stdin}


CASES = [
    case("plain", "in"),
    case("shuffled", "in", "--shuffle"),
    case("shuffled by another seed", "in", "--shuffle", "--seed", "2024"),
    case("shuffled by a negative seed", "in", "--shuffle", "--seed=-42"),
    case("shuffled by a large seed", "in", "--shuffle", "--seed", "1_000_000_000_000_000_000_000_000"),
    case("validated", "in", "--validate"),
    case("flags cut short", "in", "--sh", "--se", "7", "--v", "--pat", "*.json"),
    case("hidden files match a star", "in", "--pattern", "*batch*"),
    case("all folders", "in", "--pattern", "**/batch*.json"),
    case("all folders below", "in", "--pattern", "deep/**/batch*.json"),
    case("a class", "in", "--pattern", "batch[!1].json"),
    case("a question mark", "in", "--pattern", "batch?.json"),
    case("one name", "in", "--pattern", "other.json"),
    case("stars inside a name", "in", "--pattern", "b**.json"),
    case("an absolute pattern", "in", "--pattern", "/tmp/*.json"),
    case("a model without system role", "in", model=["--model", "google/gemma-7b-it"]),
    case("a question that is a number, merged", "numberquestion", model=["--model", "google/gemma-7b-it"]),
    case("a question that is a number", "numberquestion"),
    case("an unknown model", "letters-absent", model=["--model", "mistral/unknown"]),
    case("an unknown model, said for each example", "skips", model=["--model", "me/Mine"]),
    case("a fine-tuned model", "skips", model=["--model", "me/impulse-salamandra-7b-merged"]),
    case("a fine-tuned model in capitals", "skips", model=["--model", "x/IMPULSE-gemma-2-2b-it-v12-x"]),
    case("files that cannot be read", "skips"),
    case("faulty records, no", "faulty", "--validate", stdin="n\n"),
    case("faulty records, y with a space", "faulty", "--validate", stdin="y \n"),
    case("faulty records, yes then stop", "faulty", "--validate", stdin="Y\n"),
    case("faulty records, no answer", "faulty", "--validate"),
    case("faulty records, unchecked", "faulty"),
    case("a record without meta", "nometa"),
    case("queries are an object", "keys"),
    case("queries are a text", "letters"),
    case("records are numbers", "numbers"),
    case("languages of any kind", "langs"),
    case("a language that is a list", "listlang"),
    case("half a surrogate pair", "surrogate"),
    case("nothing matches", "none"),
    case("no folder", "absent"),
    case("no prompt file", "in", prompt="absent.txt"),
    case("an empty prompt file", "in", prompt="empty.txt"),
    case("a prompt that is no UTF-8", "in", prompt="latin1.txt"),
    {"name": "a flag is missing", "args": ["--input-dir", "in"], "stdin": ""},
    {"name": "an unknown flag", "args": ["--input-dir", "in", *RUN, *SALAMANDRA, "--what"], "stdin": ""},
    {"name": "an ambiguous flag", "args": ["--input-dir", "in", *RUN, *SALAMANDRA, "--s"], "stdin": ""},
    {"name": "a stray argument", "args": ["--input-dir", "in", *RUN, *SALAMANDRA, "x"], "stdin": ""},
    {"name": "a seed that is no number", "args": ["--input-dir", "in", *RUN, *SALAMANDRA, "--seed", "x"], "stdin": ""},
]


def write_files(folder):
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(BYTES[name] if content is None else content.encode())


for c in CASES:
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        write_files(work)
        done = subprocess.run([sys.executable, CHECKOUT / "scripts/training/prepare_training_data.py", *c["args"]], cwd=work, input=c["stdin"].encode(),
                              capture_output=True, env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONIOENCODING": "utf-8"})
        c["status"] = done.returncode
        c["stdout"] = done.stdout.decode()
        c["stopped"] = b"Traceback" in done.stderr
        output = work / "out/deep/data.jsonl"
        c["output"] = output.read_text() if output.exists() else None

files = {name: content if content is not None else {"hex": BYTES[name].hex()} for name, content in FILES.items()}
json.dump({"files": files, "cases": CASES}, sys.stdout, ensure_ascii=False, indent=1)
print()
