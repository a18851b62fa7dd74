"""What peft trains in full beside the adapters: modules_to_save, and the biases of bias="all" and "lora_only".

    python make.py FOLDER     (torch 2.11.0, transformers 5.23.0, peft 0.21.2)

Writes a tiny Llama with biases on every linear layer (base), an adapter of each kind whose trained tensors are all moved away
from where they began, and numbers.json: the first eight logits of every token, the loss, the norm of every trained tensor's
gradient and its first eight elements, and of the merged model the logits.
"""
import json
import pathlib
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(0)
config = LlamaConfig(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                     attention_bias=True, mlp_bias=True, initializer_range=0.2, max_position_embeddings=64)
base = LlamaForCausalLM(config)
with torch.no_grad():
    for name, p in base.named_parameters():
        if name.endswith("bias"):
            p.normal_(std=0.2)
base.save_pretrained(folder / "base")

ids = torch.tensor([[1, 4, 46, 47, 5, 16, 33, 20]])
labels = ids.clone()
labels[:, :3] = -100
kinds = {
    "bias-all": dict(target_modules=["q_proj", "up_proj"], bias="all"),
    "bias-lora-only": dict(target_modules=["q_proj", "up_proj"], bias="lora_only"),
    "modules": dict(target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head", "post_attention_layernorm"]),
    "suffix": dict(target_modules=["v_proj"], modules_to_save=["norm", "1.mlp"]),
}
numbers = {"ids": ids[0].tolist(), "labels": labels[0].tolist()}
for kind, options in kinds.items():
    model = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32)
    model = get_peft_model(model, LoraConfig(r=2, lora_alpha=4, task_type="CAUSAL_LM", **options))
    torch.manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.add_(torch.randn_like(p) * 0.05)
    model.peft_config["default"].base_model_name_or_path = "base"
    model.save_pretrained(folder / kind)
    (folder / kind / "README.md").unlink()
    out = model(input_ids=ids, labels=labels)
    out.loss.backward()
    gradients = {}
    for name, p in model.named_parameters():
        if p.requires_grad:
            name = name.replace(".modules_to_save.default", "").replace(".default", "")
            gradients[name] = {"norm": p.grad.norm().item(), "first": p.grad.flatten()[:8].tolist()}
    merged = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder / "base"), folder / kind).merge_and_unload()
    numbers[kind] = {"logits": out.logits[0, :, :8].tolist(), "loss": out.loss.item(), "gradients": gradients,
                     "merged": merged(ids).logits[0, :, :8].tolist()}
(folder / "numbers.json").write_text(json.dumps(numbers))
