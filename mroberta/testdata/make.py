"""A small BEIR data set and sentence-transformers' evaluation of the model in ../../sbert/testdata/model on it.

    python make.py        (sentence-transformers 6.2)

Writes queries.jsonl, corpus.jsonl, qrels.tsv, metrics.json and the evaluator's CSV beside this file.
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
(here / "corpus.jsonl").write_text("".join(json.dumps({"_id": k, **v}) + "\n" for k, v in corpus.items()))
(here / "queries.jsonl").write_text("".join(json.dumps({"_id": k, "text": v}) + "\n" for k, v in queries.items()))
(here / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(f"{q}\t{d}\t{s}\n" for q, ds in qrels.items() for d, s in ds.items()))
relevant = {q: {d for d, s in ds.items() if s > 0} for q, ds in qrels.items()}
m = SentenceTransformer(str(here / "../../sbert/testdata/model"), device="cpu")
from sentence_transformers.util import cos_sim
e = InformationRetrievalEvaluator({q: t for q, t in queries.items() if relevant.get(q)}, {d: f"{x['title']} {x['text']}" for d, x in corpus.items()}, relevant,
                                  query_prompt="query: ", corpus_prompt="passage: ", score_functions={"cosine": cos_sim})
json.dump({k: float(v) for k, v in e(m, output_path=str(here)).items()}, open(here / "metrics.json", "w"), indent=1)
