"""Greedy continuations of 16 tokens by transformers, float32, for the random models of models/llama/testdata.

    python make_random.py

Writes random.json: {model: [{"prompt", "tokens"}]}. Made with torch 2.11.0 and transformers 5.23.0. A prompt is left out
where the two likeliest tokens of some step are closer than 1e-4: there the order of additions would decide.
"""
import json, pathlib
import torch
from transformers import AutoModelForCausalLM

here = pathlib.Path(__file__).parent
models = here.parents[1] / "models" / "llama" / "testdata"
golden = {}
for folder in sorted(p.parent for p in models.glob("*/config.json")):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    generator = torch.Generator().manual_seed(0)
    golden[folder.name] = []
    for length in (1, 5, 12, 24):
        prompt = torch.randint(3, model.config.vocab_size, (1, length), generator=generator)
        out = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=16, eos_token_id=None,
            pad_token_id=0, return_dict_in_generate=True, output_logits=True)
        margin = min((row[0].topk(2).values[0] - row[0].topk(2).values[1]).item() for row in out.logits)
        if margin > 1e-4:
            golden[folder.name].append({"prompt": prompt[0].tolist(), "tokens": out.sequences[0, length:].tolist()})
(here / "random.json").write_text(json.dumps(golden))
