"""Small encoders with random weights and the hidden states that transformers computes for them, without padding.

    python make.py        (transformers 5.23, torch 2.11)

Writes bert/, roberta/ (with a masked-LM head and its prefix), xlmr/, golden.json, and with classification heads bert-classify/,
roberta-classify/ and classify.json beside this file.
"""
import json, pathlib
import torch
from transformers import BertConfig, BertModel, RobertaConfig, RobertaForMaskedLM, XLMRobertaConfig, XLMRobertaModel

here = pathlib.Path(__file__).parent
torch.manual_seed(7)
size = dict(vocab_size=97, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40, initializer_range=0.4)
models = {
    "bert": BertModel(BertConfig(**size, max_position_embeddings=20)),
    "roberta": RobertaForMaskedLM(RobertaConfig(**size, max_position_embeddings=22, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1)),
    "xlmr": XLMRobertaModel(XLMRobertaConfig(**size, max_position_embeddings=22, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1), add_pooling_layer=False),
}
ids = [[5, 17, 96, 3, 44], [8], list(range(20, 40)), [9, 1, 1, 12]]  # the last has padding words in its text
golden = {}
for name, model in models.items():
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() == 1: p.copy_(torch.randn_like(p) * 0.2 + (1 if p.mean() > 0.5 else 0))  # norms and biases that matter
    model.eval().save_pretrained(here / name)
    encoder = getattr(model, "roberta", model)
    with torch.no_grad():
        golden[name] = [encoder(input_ids=torch.tensor([i]), attention_mask=torch.ones(1, len(i))).last_hidden_state[0].flatten().tolist() for i in ids]
    # The gradient of sum(hidden * weights), every tensor's norm, the embedding's row 17.
    model.zero_grad()
    total = sum((encoder(input_ids=torch.tensor([i]), attention_mask=torch.ones(1, len(i))).last_hidden_state[0] * torch.linspace(-1, 1, 24)).sum() for i in ids)
    total.backward()
    golden[name + ".grad"] = {n.removeprefix("roberta."): p.grad.flatten().tolist() for n, p in model.named_parameters()
                              if p.grad is not None and ("layer.1.attention" in n or "LayerNorm" in n or "word_embeddings" in n)}
json.dump({"ids": ids, "golden": golden}, open(here / "golden.json", "w"))

# Classification heads: logits, the loss of some labels, and the gradient of every tensor but the tables.
from transformers import BertForSequenceClassification, RobertaForSequenceClassification
names = {0: "energia", 1: "salut", 2: "clima"}; labels = torch.tensor([2, 0, 1, 1]); golden = {}
for name, model in {"bert-classify": BertForSequenceClassification(BertConfig(**size, max_position_embeddings=20, id2label=names)),
                    "roberta-classify": RobertaForSequenceClassification(RobertaConfig(**size, max_position_embeddings=22, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, id2label=names))}.items():
    model.eval().save_pretrained(here / name)
    logits = torch.cat([model(input_ids=torch.tensor([i]), attention_mask=torch.ones(1, len(i))).logits for i in ids])
    loss = torch.nn.functional.cross_entropy(logits, labels); loss.backward()
    golden[name] = {"logits": logits.flatten().tolist(), "loss": loss.item(),
                    "grads": {n: p.grad.flatten().tolist() for n, p in model.named_parameters() if "layer.0" not in n and "embeddings." not in n}}
json.dump(golden, open(here / "classify.json", "w"))
