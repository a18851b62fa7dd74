"""Greedy continuations by transformers, float32: stories260k, as it is and with dequantised NF4 weights.

    python make.py

Writes golden.json: {"float32" | "nf4": [{"prompt", "tokens", "text"}]}. Made with torch 2.11.0, transformers 5.23.0 and
bitsandbytes 0.50.2, whose weights are dequantised so that its own products do not matter.
"""
import json, pathlib
import torch
import bitsandbytes.functional as bnb
from transformers import AutoTokenizer, LlamaForCausalLM

here = pathlib.Path(__file__).parent
base = here.parents[1] / "testdata" / "stories260k"
tokenizer = AutoTokenizer.from_pretrained(base)
texts = ["Once upon a time", "The dog", "Lily and Tom went to the park. They saw", "One day, a big bear", "Mom said", "It was raining and", "A"]
golden = {}
for name in ("float32", "nf4"):
    model = LlamaForCausalLM.from_pretrained(base).float().eval()
    if name == "nf4":
        for module, layer in model.named_modules():
            if isinstance(layer, torch.nn.Linear) and module != "lm_head":
                q, state = bnb.quantize_4bit(layer.weight.data, quant_type="nf4", compress_statistics=True)
                layer.weight.data = bnb.dequantize_4bit(q, state)
    golden[name] = []
    for i in range(17):
        prompt = tokenizer(texts[i % 7])["input_ids"]
        if i >= 7:
            prompt = prompt + golden[name][i - 7]["tokens"][: 3 * i]
        out = model.generate(torch.tensor([prompt]), do_sample=False, max_new_tokens=20 + 5 * i, pad_token_id=0)[0].tolist()
        new = out[len(prompt):]
        golden[name].append({"prompt": prompt, "tokens": new, "text": tokenizer.decode(new, skip_special_tokens=True)})
(here / "golden.json").write_text(json.dumps(golden))
