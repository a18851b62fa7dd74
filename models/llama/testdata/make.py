"""Small random models of several shapes with the logits that transformers computes for them, in float32.

    python make.py

Writes one directory per model here and golden.json: {model: {"ids": [[...]], "logits": [[[...]]], "loss": ..., }}.
Made with torch 2.11.0 and transformers 5.23.0.
"""
import json, pathlib, shutil
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

here = pathlib.Path(__file__).parent
base = dict(vocab_size=48, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=32, rms_norm_eps=1e-5, initializer_range=0.3)
shapes = {
    "gqa": {},
    "mha-tied": dict(num_key_value_heads=4, tie_word_embeddings=True),
    "bias": dict(attention_bias=True, mlp_bias=True),
    "wide-heads": dict(head_dim=16),
    "linear": dict(rope_parameters=dict(rope_type="linear", factor=4.0, rope_theta=10000.0)),
    "dynamic": dict(rope_parameters=dict(rope_type="dynamic", factor=2.0, rope_theta=10000.0), max_position_embeddings=8),
    "llama3": dict(rope_parameters=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                                        original_max_position_embeddings=16, rope_theta=100.0)),
    "yarn": dict(rope_parameters=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=8, rope_theta=10000.0)),
    "mistral": dict(sliding_window=5),
    "bf16": {},
    "f16": {},
}
stored = {"bf16": torch.bfloat16, "f16": torch.float16}  # what the file holds; the logits are computed in float32 all the same
golden = {}
ids = [[1, 5, 9, 14, 3, 22, 41, 7, 8, 8, 30, 2, 17, 19], [1, 40, 2, 33, 6]]
for name, kw in shapes.items():
    torch.manual_seed(len(golden))
    config, cls = (MistralConfig, MistralForCausalLM) if name == "mistral" else (LlamaConfig, LlamaForCausalLM)
    model = cls(config(**{**base, **kw})).float().eval()
    with torch.no_grad():
        for n, p in model.named_parameters():
            if n.endswith("bias"):
                p.normal_(0, 0.1)
            if "norm" in n:
                p.uniform_(0.5, 1.5)
    model = model.to(stored.get(name, torch.float32))
    shutil.rmtree(here / name, ignore_errors=True)
    model.save_pretrained(here / name)
    (here / name / "generation_config.json").unlink(missing_ok=True)
    if name in stored:  # not .float(): the frequencies of the rotation would stay rounded
        model = cls.from_pretrained(here / name, dtype=torch.float32).eval()
    with torch.no_grad():
        golden[name] = dict(ids=ids, logits=[model(torch.tensor([x])).logits[0].tolist() for x in ids])

story = LlamaForCausalLM.from_pretrained(here.parents[2] / "testdata" / "stories260k").float().eval()
x = [1, 403, 407, 261, 378]
with torch.no_grad():
    golden["stories260k"] = dict(ids=[x], logits=[story(torch.tensor([x])).logits[0].tolist()])
rounded = json.loads(json.dumps(golden), parse_float=lambda s: float(f"{float(s):.7g}"))
(here / "golden.json").write_text(json.dumps(rounded))
