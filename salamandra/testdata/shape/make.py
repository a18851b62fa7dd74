"""QLoRA by transformers + peft + bitsandbytes on two layers of the Salamandra-2B shape: the losses of fifty steps.

    python make.py

Writes golden.json: the examples' tokens, the losses and the gradient norms. Weights and adapter are not stored. Both programs
draw them from the names of the tensors: the bytes of SplitMix64, seeded by the FNV-1a hash of the name, eight a draw, lowest
first. A byte b stands for (b - 128) / 4096, which bfloat16 holds exactly; norms are ones.
The vocabulary is cut to 4,096 words; layers are as wide as the model's. The base is in NF4 with double quantisation, everything
computes in float32, dropout is 0, the batches are padded, and the loss is the mean over the labelled tokens of the step.
Made with torch 2.11.0, transformers 5.23.0, peft 0.21.2, bitsandbytes 0.50.2.
"""
import json
import pathlib
import tempfile

import numpy as np
import torch
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import BitsAndBytesConfig, LlamaConfig, LlamaForCausalLM, get_cosine_schedule_with_warmup

STEPS, BATCH, MICRO, PREFIX = 50, 4, 2, 24
here = pathlib.Path(__file__).parent


def draw(name, *shape):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    n = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, (n + 7) // 8 + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    levels = z.astype("<u8").view(np.uint8)[:n].astype(np.float32)
    return torch.from_numpy((levels - 128) / 4096).reshape(shape)


config = LlamaConfig(vocab_size=4096, hidden_size=2048, intermediate_size=5440, num_hidden_layers=2, num_attention_heads=16,
                     num_key_value_heads=16, max_position_embeddings=8192, rms_norm_eps=1e-5, tie_word_embeddings=False)
dense = LlamaForCausalLM(config)
with torch.no_grad():
    for name, p in dense.named_parameters():
        p.copy_(torch.ones(p.shape) if p.dim() == 1 else draw(name, *p.shape))

words = draw("examples", 8 * BATCH, 64).mul(4096).add(128).int() * 16 + draw("more", 8 * BATCH, 64).mul(4096).add(128).int() % 16
examples = []
for i, row in enumerate(words.tolist()):
    own = row[PREFIX : PREFIX + 12 + i * 5 % 13]
    examples.append({"input_ids": words[0, :PREFIX].tolist() + own, "labels": [-100] * (PREFIX + 4) + own[4:]})

with tempfile.TemporaryDirectory() as folder:
    dense.to(torch.bfloat16).save_pretrained(folder)
    quant = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float32)
    model = LlamaForCausalLM.from_pretrained(folder, quantization_config=quant, dtype=torch.float32, device_map="cpu")
model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
lora = LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"], task_type="CAUSAL_LM")
model = get_peft_model(model, lora).train()
trained = {n.replace(".default", ""): p for n, p in model.named_parameters() if p.requires_grad}
with torch.no_grad():
    for name, p in trained.items():
        p.copy_(draw(name, *p.shape))

optimizer = torch.optim.AdamW(trained.values(), lr=1e-3, weight_decay=0.0)
schedule = get_cosine_schedule_with_warmup(optimizer, 5, STEPS)
losses, norms = [], []
for n in range(STEPS):
    batch = [examples[(BATCH * n + i) % len(examples)] for i in range(BATCH)]
    labelled = sum(label != -100 for e in batch for label in e["labels"][1:])
    total = 0.0
    for at in range(0, BATCH, MICRO):
        part = batch[at : at + MICRO]
        width = max(len(e["input_ids"]) for e in part)

        def padded(rows, fill):
            return torch.tensor([row + [fill] * (width - len(row)) for row in rows])

        loss = model(input_ids=padded([e["input_ids"] for e in part], 0), labels=padded([e["labels"] for e in part], -100),
                     attention_mask=padded([[1] * len(e["input_ids"]) for e in part], 0), num_items_in_batch=labelled).loss
        loss.backward()
        total += loss.item()
    losses.append(total)
    norms.append(torch.nn.utils.clip_grad_norm_(trained.values(), 1.0).item())
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    print(n, total, norms[-1], flush=True)
(here / "golden.json").write_text(json.dumps({"examples": examples, "losses": losses, "grad_norms": norms}))
