"""Reads an adapter and a merged model with peft and transformers, and says how far their logits are from each other.

    python read_back.py ADAPTER MERGED     (torch 2.11, transformers 5.23, peft 0.21; ./build.sh peers installs them)

Prints {"difference", "largest"}: the largest difference of two logits, and the largest logit. TestPythonReadsWhatIsWritten runs it.
"""
import json
import sys

import torch
from peft import PeftConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

adapter, merged = sys.argv[1:3]
base = AutoModelForCausalLM.from_pretrained(PeftConfig.from_pretrained(adapter).base_model_name_or_path, dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(merged)
assert tokenizer.chat_template, "the merged model has lost its chat template"
ids = torch.tensor([tokenizer.encode("Tom went to the park and saw a dog.")])
with torch.no_grad():
    a = PeftModel.from_pretrained(base, adapter).eval()(ids).logits
    b = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32).eval()(ids).logits
print(json.dumps({"difference": (a - b).abs().max().item(), "largest": a.abs().max().item()}))
