"""QLoRA by transformers + peft + bitsandbytes on stories260k: the gradients of one step, and the losses of fifty.

    python qlora_golden.py

Writes qlora/: examples.json (ids and labels; every example begins with the same 40 tokens), adapter/ (peft's files, with a B
that is not zero), grads.safetensors and golden.json (loss of the first step, losses of 50 steps).
The base is in NF4 with double quantisation, everything computes in float32, dropout is 0. The batches are padded, and the
loss is the mean over the labelled tokens of the whole step, as transformers does it with gradient accumulation.
Made with torch 2.11.0, transformers 5.23.0, peft 0.21.2, bitsandbytes 0.50.2.
"""
import json, pathlib, shutil
import torch
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from safetensors.torch import save_file
from transformers import BitsAndBytesConfig, LlamaForCausalLM, get_cosine_schedule_with_warmup

here = pathlib.Path(__file__).parent
base = here.parents[1] / "testdata" / "stories260k"
out = here / "qlora"
shutil.rmtree(out, ignore_errors=True)
out.mkdir()
torch.manual_seed(0)

story = LlamaForCausalLM.from_pretrained(base).float().eval()
start = torch.tensor([[1, 403, 407, 261, 378]])
texts = story.generate(start.repeat(33, 1), do_sample=True, max_new_tokens=80, min_new_tokens=80, eos_token_id=None, pad_token_id=0)
prefix = texts[32, :40].tolist()
examples = []
for i in range(32):
    own = texts[i, 5:25 + (7 * i) % 31].tolist()
    k = 4 + i % 5
    examples.append({"input_ids": prefix + own, "labels": [-100] * (40 + k) + own[k:]})
(out / "examples.json").write_text(json.dumps(examples))

quant = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float32)
model = LlamaForCausalLM.from_pretrained(base, quantization_config=quant, dtype=torch.float32, device_map="cpu")
model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
model = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, target_modules=targets, task_type="CAUSAL_LM"))
with torch.no_grad():
    for name, p in model.named_parameters():
        if "lora_B" in name:
            p.normal_(0, 0.02)
model.train()
model.peft_config["default"].base_model_name_or_path = "stories260k"
model.save_pretrained(out / "adapter")
(out / "adapter" / "README.md").unlink(missing_ok=True)

def step(batch, micro):
    n = sum(l != -100 for e in batch for l in e["labels"][1:])
    total = 0.0
    for i in range(0, len(batch), micro):
        part = batch[i:i + micro]
        width = max(len(e["input_ids"]) for e in part)
        pad = lambda x, v: x + [v] * (width - len(x))
        ids = torch.tensor([pad(e["input_ids"], 0) for e in part])
        labels = torch.tensor([pad(e["labels"], -100) for e in part])
        mask = torch.tensor([pad([1] * len(e["input_ids"]), 0) for e in part])
        loss = model(input_ids=ids, attention_mask=mask, labels=labels, num_items_in_batch=n).loss
        loss.backward()
        total += loss.item()
    return total

loss = step(examples[:8], 2)
trained = {n.replace(".default", ""): p for n, p in model.named_parameters() if p.requires_grad}
save_file({n: p.grad.clone() for n, p in trained.items()}, out / "grads.safetensors")
model.zero_grad()

optimizer = torch.optim.AdamW(trained.values(), lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
schedule = get_cosine_schedule_with_warmup(optimizer, 5, 50)
losses, norms = [], []
for n in range(50):
    losses.append(step([examples[(8 * n + i) % 32] for i in range(8)], 2))
    norms.append(torch.nn.utils.clip_grad_norm_(trained.values(), 1.0).item())
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
(out / "golden.json").write_text(json.dumps({"first_loss": loss, "losses": losses, "grad_norms": norms}))
print(loss, losses[0], losses[-1])
