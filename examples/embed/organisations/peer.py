"""The training of organisations.yml by sentence-transformers, on the files that `go run ./examples/embed/organisations` has written.

    python peer.py MODEL SEED        (sentence-transformers 6.2, datasets, accelerate)
"""
import csv, json, sys
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

folder = "out/organisations/"


def evaluator(name):
    texts = lambda file: {r["_id"]: r["text"] for r in map(json.loads, open(f"{folder}{name}/{file}.jsonl"))}
    relevant = {}
    for r in csv.DictReader(open(f"{folder}{name}/qrels/{name}.tsv"), delimiter="\t"):
        relevant.setdefault(r["query-id"], set()).add(r["corpus-id"])
    return InformationRetrievalEvaluator(texts("queries"), texts("corpus"), relevant, name=name, write_csv=False)


model, seed = SentenceTransformer(sys.argv[1], device="cpu"), int(sys.argv[2])
test = evaluator("test")
before = test(model)
rows = [json.loads(line) for line in open(folder + "train.jsonl")]
SentenceTransformerTrainer(
    model=model, loss=MultipleNegativesRankingLoss(model),
    train_dataset=Dataset.from_dict({k: [r[k] for r in rows] for k in ("query", "passage")}),
    args=SentenceTransformerTrainingArguments(
        output_dir=f"{folder}peer-{seed}", num_train_epochs=4, per_device_train_batch_size=64, learning_rate=5e-5, warmup_steps=20,
        weight_decay=0.01, max_grad_norm=1.0, seed=seed, save_strategy="no", use_cpu=True, report_to=[], disable_tqdm=True),
).train()
after = test(model)
for key in ("recall@1", "recall@5", "recall@10", "mrr@10"):
    print(f"{key:12} {before['test_cosine_' + key]:8.4f} {after['test_cosine_' + key]:8.4f}")
