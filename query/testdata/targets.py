"""Writes the text that a model is trained to write for some records, as the reference's data preparation makes it.

    python targets.py       (standard library only)

The rule (IMPULS, prepare_training_data): copy six keys, and three of meta; json.dumps with indent 2 and ensure_ascii off.
"""

import json
import os

RECORDS = [
    # The examples of the format's description.
    '{"doc_type": "projects", "filters": {"programme": "Horizon Europe", "funding_level": null, "year": ">=2022", "location": null, "location_level": null}, "organisations": [{"type": "university", "name": "Universitat de Vic", "location": null, "location_level": null}], "semantic_query": "gestió de purins", "query_rewrite": "Llista de projectes Horizon Europe des de 2022 de la Universitat de Vic sobre gestió de purins", "meta": {"id": "EX_001", "lang": "CA", "original_query": "projectes d\'Horizon Europe des de 2022 de la UVic sobre gestió de purins", "notes": null}}',
    '{"doc_type": "projects", "filters": {"programme": null, "funding_level": null, "year": "2020", "location": null, "location_level": null}, "organisations": [], "semantic_query": null, "query_rewrite": "", "meta": {"id": "EX_004", "lang": "CA", "original_query": "quants?", "notes": "es demana un recompte"}}',
    '{"doc_type": "projects", "filters": {"programme": null, "funding_level": "regional", "year": 2021, "location": "L\'Hospitalet", "location_level": "city"}, "organisations": [{"type": null, "name": "ICIQ", "location": null, "location_level": null}, {"type": "company", "name": null, "location": "Portugal", "location_level": "country"}], "semantic_query": "a \\"b\\" \\\\ \\u2028 \\u007f <&> / \\n", "query_rewrite": "x", "meta": {"lang": "ES", "original_query": "😀", "notes": null}}',
    # Unknown keys, odd order, kinds of number.
    '{"metric": "list", "meta": {"original_query": "q", "id": 7, "lang": null, "intent": "Discover"}, "query_rewrite": "r", "semantic_query": 1e5, "organisations": [], "filters": {"year": 2020.0, "x": {}, "y": [], "z": [{}], "programme": 1E-7, "big": 123456789012345678901234567890, "nan": NaN, "huge": 1e400, "neg": -0, "dup": 1, "dup": 2}, "doc_type": "projects"}',
    '{"doc_type": null, "filters": null, "organisations": null, "semantic_query": false, "query_rewrite": 3, "meta": {"lang": "EN", "original_query": "\\u0001\\u001f\\b\\f\\t\\r"}}',
]

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "targets.jsonl"), "w", encoding="ascii", newline="\n") as out:
    for text in RECORDS:
        r = json.loads(text)
        target = {k: r[k] for k in ("doc_type", "filters", "organisations", "semantic_query", "query_rewrite")}
        m = r["meta"]
        target["meta"] = {"lang": m["lang"], "original_query": m["original_query"], "notes": m.get("notes")}
        out.write(json.dumps({"record": text, "target": json.dumps(target, indent=2, ensure_ascii=False)}) + "\n")
