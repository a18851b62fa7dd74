"""Writes validation_detailed.json and validation_stats.json for the sample, as the reference's validate writes them.

    python reference_files.py       (standard library only)

The flags come from sample/expected.json, which the reference made; extraction and layout follow its save_results.
"""

import json
import os

here = os.path.dirname(os.path.abspath(__file__))


def read(name):
    with open(os.path.join(here, "sample", name), encoding="utf-8") as f:
        return f.read()


def extract(text):
    empty = {"doc_type": "projects", "filters": {}, "organisations": [], "semantic_query": None, "query_rewrite": ""}
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < 0:
        return empty
    try:
        value = json.loads(text[start : end + 1])
    except json.JSONDecodeError:
        return empty
    for key, default in (("filters", {}), ("organisations", []), ("semantic_query", None), ("query_rewrite", "")):
        value.setdefault(key, default)
    return value


expected = json.loads(read("expected.json"))
outputs = {p["id"]: p["output"] for p in map(json.loads, read("predictions.jsonl").splitlines())}
detailed = []
for gold, q in zip(json.loads(read("test_file.json")), expected["queries"]):
    flags = {k: q[k] for k in ("valid_json", "language_correct", "predicted_language", "expected_language")}
    flags |= {k: q[k] for k in ("filters", "organisations_exact", "organisations_relaxed", "semantic_query", "all_correct_strict", "all_correct_relaxed")}
    detailed.append({
        "test_id": gold["meta"]["id"],
        "query": gold["meta"]["original_query"],
        "validation": {"test_id": gold["meta"]["id"]} | flags,
        "predicted": extract(outputs[gold["meta"]["id"]]),
        "gold": gold,
    })
stats = {}
for key, value in expected["summary"].items():
    if key == "error_counts":
        stats["elapsed_time"] = 0.0
    stats[key] = value
for name, value in (("validation_detailed.json", detailed), ("validation_stats.json", stats)):
    with open(os.path.join(here, name), "w", encoding="utf-8", newline="\n") as f:
        json.dump(value, f, indent=2, ensure_ascii=False)
