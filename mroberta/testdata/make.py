"""A small BEIR data set and sentence-transformers' evaluation of the model in ../../sbert/testdata/model on it.

    python make.py        (sentence-transformers 6.2)

Writes queries.jsonl, corpus.jsonl, qrels.tsv, metrics.json, directions.json, mined.json, batches.json and the evaluator's CSV beside this file.
"""
import json, pathlib, random
from sentence_transformers import SentenceTransformer
from sentence_transformers.evaluation import InformationRetrievalEvaluator

here = pathlib.Path(__file__).parent
words = "energia solar hidrogen verd recerca salut bateries clima aigua universitat institut".split()
r = random.Random(5)
corpus = {f"d{i}": {"title": r.choice(words), "text": " ".join(r.choices(words, k=r.randint(1, 6)))} for i in range(60)}
queries = {f"q{i}": " ".join(r.choices(words, k=2)) for i in range(12)}
qrels = {q: {d: r.choice([1, 1, 2, 0]) for d in r.sample(sorted(corpus), 3)} for q in list(queries)[:10]}
lang = lambda id: ["ca", "en"][int(id[1:]) % 2]
(here / "corpus.jsonl").write_text("".join(json.dumps({"_id": k, **v, "lang": lang(k)}) + "\n" for k, v in corpus.items()))
(here / "queries.jsonl").write_text("".join(json.dumps({"_id": k, "text": v, "lang": lang(k)}) + "\n" for k, v in queries.items()))
(here / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(f"{q}\t{d}\t{s}\n" for q, ds in qrels.items() for d, s in ds.items()))
relevant = {q: {d for d, s in ds.items() if s > 0} for q, ds in qrels.items()}
m = SentenceTransformer(str(here / "../../sbert/testdata/model"), device="cpu")
from sentence_transformers.util import cos_sim
e = InformationRetrievalEvaluator({q: t for q, t in queries.items() if relevant.get(q)}, {d: f"{x['title']} {x['text']}" for d, x in corpus.items()}, relevant,
                                  query_prompt="query: ", corpus_prompt="passage: ", score_functions={"cosine": cos_sim})
json.dump({k: float(v) for k, v in e(m, output_path=str(here)).items()}, open(here / "metrics.json", "w"), indent=1)
directions = {}
for a in ("ca", "en"):
    for b in ("ca", "en"):
        right = {q: {d for d in ds if lang(d) == b} for q, ds in relevant.items() if lang(q) == a}
        e = InformationRetrievalEvaluator({q: queries[q] for q, ds in right.items() if ds}, {d: f"{x['title']} {x['text']}" for d, x in corpus.items() if lang(d) == b}, right,
                                          query_prompt="query: ", corpus_prompt="passage: ", score_functions={"cosine": cos_sim}, write_csv=False)
        directions[f"{a}-{b}"] = {k: float(v) for k, v in e(m).items()}
json.dump(directions, open(here / "directions.json", "w"), indent=1)

# Hard negatives, mined.json; batches without duplicates, batches.json.
from datasets import Dataset
from sentence_transformers.util import mine_hard_negatives
from sentence_transformers.base.sampler import NoDuplicatesBatchSampler
import torch
asked = [" ".join(r.choices(words, k=2)) for _ in range(40)]
asked += asked[:10]  # with another passage each
found = [" ".join([r.choice(q.split())] + r.choices(words, k=r.randint(1, 4))) for q in asked]
out = {"queries": asked, "passages": found, "cases": {}}
for name, o in {"nearest": dict(num_negatives=3), "range": dict(num_negatives=2, range_min=3, range_max=8),
                "absolute margin": dict(num_negatives=4, absolute_margin=0.1), "relative margin": dict(num_negatives=4, relative_margin=0.2, range_min=1),
                "scores": dict(num_negatives=5, range_max=30, min_score=0.975, max_score=0.99)}.items():
    d = mine_hard_negatives(Dataset.from_dict({"query": asked, "passage": found}), m, output_format="triplet", output_scores=True, verbose=False, **o)
    out["cases"][name] = [{"query": x["query"], "passage": x["passage"], "negative": x["negative"], "scores": x["scores"]} for x in d]
json.dump(out, open(here / "mined.json", "w"), ensure_ascii=False)
cases = []
for rows, kinds, size in [(60, 25, 8), (30, 4, 8), (41, 1000, 5)]:
    columns = [[f"t{r.randrange(kinds)}" for _ in range(rows)] for _ in range(2)]
    g = torch.Generator()
    s = NoDuplicatesBatchSampler(Dataset.from_dict({"a": columns[0], "b": columns[1]}), size, False, generator=g, seed=3)
    batches = [b for b in s]
    cases.append({"columns": columns, "size": size, "order": torch.randperm(rows, generator=torch.Generator().manual_seed(3), dtype=torch.int32).tolist(), "batches": batches})
json.dump(cases, open(here / "batches.json", "w"))
