"""What the programs of this directory share: a model in NF4, the peak memory, the printed line."""

import json
import resource

import torch
from transformers import BitsAndBytesConfig, LlamaForCausalLM


def load_nf4(directory, dtype):
    """A model with its linear layers in double-quantised NF4, computing in dtype."""
    quantization = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    return LlamaForCausalLM.from_pretrained(directory, quantization_config=quantization, dtype=dtype, device_map="cpu")


def report(workload, **figures):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"workload": workload, **figures, "threads": torch.get_num_threads(), "peak_gib": peak}), flush=True)
