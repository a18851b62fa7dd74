"""A small sentence-transformers model with random weights, and what sentence-transformers computes with it.

    python make.py        (sentence-transformers 6.2, transformers 5.23, torch 2.11)

Writes model/ (as version 6 saves it), old/ (as versions 2 to 5 do, cls pooling and a dense layer), embeddings.json,
losses.json (values and gradients at the vectors) and training.json beside this file.
"""
import json, pathlib, shutil
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, RobertaConfig, RobertaModel
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses
from sentence_transformers.sentence_transformer.modules import Transformer, Pooling, Normalize
from sentence_transformers.util import quantize_embeddings

here = pathlib.Path(__file__).parent
torch.manual_seed(3)
words = ["<pad>", "[UNK]", "[CLS]", "[SEP]"] + [chr(c) for c in range(97, 123)] + ["##" + chr(c) for c in range(97, 123)] + "energia solar hidrogen verd recerca salut bateries clima aigua de la el i per a universitat institut query passage : .".split()
words = list(dict.fromkeys(words))
tok = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
tok.normalizer, tok.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
tok.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
fast = PreTrainedTokenizerFast(tokenizer_object=tok, unk_token="[UNK]", pad_token="<pad>", cls_token="[CLS]", sep_token="[SEP]", model_max_length=24)
bare = here / "bare"
def bare_model(kind):
    shutil.rmtree(bare, ignore_errors=True)
    common = dict(vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, initializer_range=0.3, pad_token_id=0)
    (BertModel(BertConfig(**common, max_position_embeddings=32)) if kind == "bert" else RobertaModel(RobertaConfig(**common, max_position_embeddings=34, type_vocab_size=1))).save_pretrained(bare)
    fast.save_pretrained(bare)
    return str(bare)
texts = ["energia solar", "", "bateries de hidrogen verd per a la universitat", "Salut i clima. " * 20, "xyz", "energia solar", "recerca: aigua"]
golden = {"texts": texts}

m = SentenceTransformer(modules=[Transformer(bare_model("roberta")), Pooling(16, pooling_mode="mean"), Normalize()], prompts={"query": "query: ", "document": "passage: "}, device="cpu")
shutil.rmtree(here / "model", ignore_errors=True); m.save_pretrained(str(here / "model")); (here / "model" / "README.md").unlink()
golden["model"] = {"plain": m.encode(texts).tolist(), "query": m.encode_query(texts).tolist(), "cut": m.encode(texts, truncate_dim=6, normalize_embeddings=True).tolist()}
e = m.encode(texts)
golden["model"]["int8"] = quantize_embeddings(e, "int8", ranges=__import__("numpy").stack([e.min(0), e.max(0)])).tolist()
golden["model"]["ubinary"] = quantize_embeddings(e, "ubinary").tolist()
golden["pooling"] = {}
for mode in ["mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken", ["cls", "mean"]]:
    for include in (True, False):
        p = SentenceTransformer(modules=[m[0], Pooling(16, pooling_mode=mode, include_prompt=include)], prompts={"query": "query: "}, device="cpu")
        golden["pooling"]["+".join(mode if isinstance(mode, list) else [mode]) + ("" if include else "-prompt")] = p.encode(texts, prompt_name="query").tolist()
old = here / "old"; shutil.rmtree(old, ignore_errors=True)
from sentence_transformers.sentence_transformer.modules import Dense
d = SentenceTransformer(modules=[Transformer(bare_model("bert")), Pooling(16, pooling_mode="cls"), Dense(16, 10)], device="cpu")
golden["old"] = d.encode(texts).tolist(); d.save_pretrained(str(old)); (old / "README.md").unlink()
(old / "modules.json").write_text(json.dumps([{"idx": i, "name": str(i), "path": p, "type": "sentence_transformers.models." + t} for i, (p, t) in enumerate([("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")])]))
(old / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 16, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False}))
(old / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 24, "do_lower_case": False})); (old / "config_sentence_transformers.json").unlink()
assert abs(SentenceTransformer(str(old), device="cpu").encode(texts) - golden["old"]).max() < 1e-6
shutil.rmtree(bare)
json.dump(golden, open(here / "embeddings.json", "w"))

class Same(torch.nn.Module):  # the vectors are the parameters
    def forward(self, features, **kw): return features
    def get_embedding_dimension(self): return 8
    def get_sentence_embedding_dimension(self): return 8
a, b, c = torch.randn(3, 6, 8).unbind(0)
scores = torch.tensor([1.0, 0.2, 0.5, 0.5, 0.0, 0.9]); classes = torch.tensor([0, 1, 0, 2, 1, 0])
same = Same(); out = {"vectors": [x.tolist() for x in (a, b, c)], "scores": scores.tolist(), "classes": classes.tolist(), "cases": {}}
from sentence_transformers.util import dot_score
for name, make, columns, labels in [
    ("mnrl", lambda: losses.MultipleNegativesRankingLoss(same), [a, b], None),
    ("mnrl scale 5", lambda: losses.MultipleNegativesRankingLoss(same, scale=5.0), [a, b, c], None),
    ("mnrl dot", lambda: losses.MultipleNegativesRankingLoss(same, scale=1.0, similarity_fct=dot_score), [a, b, c], None),
    ("mnrl symmetric", lambda: losses.MultipleNegativesSymmetricRankingLoss(same), [a, b], None),
    ("matryoshka", lambda: losses.MatryoshkaLoss(same, losses.MultipleNegativesRankingLoss(same), [8, 4, 3], [1, 0.5, 2]), [a, b, c], None),
    ("cosine", lambda: losses.CosineSimilarityLoss(same), [a, b], scores),
    ("cosent", lambda: losses.CoSENTLoss(same), [a, b], scores),
    ("triplet", lambda: losses.BatchAllTripletLoss(same), [a], classes),
    ("triplet margin 1", lambda: losses.BatchAllTripletLoss(same, margin=1.0), [a], classes),
]:
    leaves = [x.clone().requires_grad_() for x in columns]
    v = make()([{"sentence_embedding": x} for x in leaves], labels); v.backward()
    out["cases"][name] = {"loss": v.item(), "grads": [x.grad.flatten().tolist() for x in leaves]}; same.__dict__.pop("forward", None)
json.dump(out, open(here / "losses.json", "w"))

# Fifty steps of AdamW on sixteen pairs: the loss of each, dropout 0.
t = SentenceTransformer(str(here / "model"), device="cpu"); t.eval()
A = [f"{x} {y}" for x in "energia solar hidrogen salut".split() for y in "aigua clima verd recerca".split()]
B = [f"institut de {y} i {x}" for x in "energia solar hidrogen salut".split() for y in "aigua clima verd recerca".split()]
loss = losses.MultipleNegativesRankingLoss(t); opt = torch.optim.AdamW([
    {"params": [p for n, p in t.named_parameters() if not n.endswith("bias") and "LayerNorm" not in n and "pooler" not in n], "weight_decay": 0.01},
    {"params": [p for n, p in t.named_parameters() if (n.endswith("bias") or "LayerNorm" in n) and "pooler" not in n], "weight_decay": 0.0}], lr=1e-3, fused=True)
history = []
for step in range(50):
    pick = [(step * 4 + i) % 16 for i in range(8)]
    v = loss([{k: x for k, x in t.preprocess([col[i] for i in pick]).items() if hasattr(x, "shape")} for col in (A, B)], None)
    v.backward(); torch.nn.utils.clip_grad_norm_(t.parameters(), 1.0); history.append(v.item()); opt.step(); opt.zero_grad()
json.dump({"anchors": A, "positives": B, "losses": history}, open(here / "training.json", "w"))
