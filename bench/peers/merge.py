"""peft: an adapter into its 16-bit checkpoint, written in shards.

    python merge.py MODEL ADAPTER OUTPUT
"""

import resource
import sys
import time
import json

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

model, adapter, output = sys.argv[1:]
started = time.perf_counter()
base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16, device_map="cpu")
PeftModel.from_pretrained(base, adapter).merge_and_unload().save_pretrained(output, max_shard_size="5GB")
seconds = time.perf_counter() - started
print(json.dumps({"workload": "merge", "seconds": seconds, "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))
