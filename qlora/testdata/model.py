"""A tiny Llama, quantised and saved by transformers 5.23 with bitsandbytes 0.50.2: model.safetensors, and
model_bfloat16_storage.safetensors, whose codes are declared as bfloat16 (bnb_4bit_quant_storage).

    python model.py
"""
import pathlib, shutil, tempfile

import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaConfig, LlamaForCausalLM

here = pathlib.Path(__file__).parent
torch.set_num_threads(1)
torch.manual_seed(0)
config = LlamaConfig(vocab_size=64, hidden_size=64, intermediate_size=96, num_hidden_layers=1, num_attention_heads=4,
                     num_key_value_heads=2, initializer_range=0.2)
with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(d / "plain")
    shutil.copy(d / "plain/model.safetensors", here / "plain.safetensors")
    for name, storage in {"model": torch.uint8, "model_bfloat16_storage": torch.bfloat16}.items():
        quantisation = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
                                          bnb_4bit_compute_dtype=torch.bfloat16, bnb_4bit_quant_storage=storage)
        m = AutoModelForCausalLM.from_pretrained(d / "plain", dtype=torch.bfloat16, device_map="cpu", quantization_config=quantisation)
        m.save_pretrained(d / name)
        shutil.copy(d / name / "model.safetensors", here / f"{name}.safetensors")
