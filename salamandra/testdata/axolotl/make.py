"""Writes labels.json: what axolotl's tokenising strategies make of a few rows under many settings.

    python -m pip download --no-deps axolotl==0.19.0 && unzip -q axolotl-*.whl -d AXOLOTL
    python make.py AXOLOTL > labels.json

Only the pure Python parts of axolotl are used.
"""
import json
import logging
import pathlib
import sys

sys.path.insert(0, sys.argv[1])
from axolotl.prompt_strategies import load
from axolotl.prompt_tokenizers import AlpacaPromptTokenizingStrategy
from axolotl.prompters import AlpacaPrompter
from axolotl.utils.dict import DictDefault
from transformers import AutoTokenizer

logging.disable(logging.CRITICAL)
tokenizer = AutoTokenizer.from_pretrained(pathlib.Path(__file__).parent / "tokenizer")
BASE = {"sequence_len": 256, "train_on_inputs": False, "special_tokens": {}}
EOT = {"eot_tokens": ["<|im_end|>"]}


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


CHAT = {"messages": [turn("system", "Parse."), turn("user", "Quins projectes?"), turn("assistant", '{"a": 1}'), turn("user", "I 2020?"), turn("assistant", '{"a": 2}')]}
SHAREGPT = {"conversations": [{"from": "human", "value": "Quins projectes?"}, {"from": "gpt", "value": '{"a": 1}'}]}
FLAGGED = {"messages": [turn("user", "Quins?"), turn("assistant", "no", training=False), turn("user", "I 2020?"), turn("assistant", "si", training=True)]}
ALPACA = [{"instruction": "Tradueix", "input": "hola", "output": "hello"}, {"instruction": "Tradueix hola", "input": "", "output": "hello"}]
cases = []


def case(name, row, dataset, config=None, eos="</s>"):
    tokenizer.eos_token = eos
    config = {**BASE, **(config or {})}
    full = DictDefault({"type": "chat_template", "chat_template": "tokenizer_default", **dataset})
    entry = {"name": name, "row": row, "dataset": dataset}
    try:
        made = load(full["type"], tokenizer, DictDefault(config), full).tokenize_prompt(row)
        entry |= {"config": config, "eos_token": eos, "input_ids": list(made["input_ids"]), "labels": list(made["labels"])}
    except Exception as fault:
        entry["error"] = f"{type(fault).__name__}: {fault}"[:200]
    cases.append(entry)


case("default, eos </s> not in template", CHAT, {})
case("eot_tokens <|im_end|>", CHAT, {}, EOT)
case("special eos <|im_end|>", CHAT, {}, eos="<|im_end|>")
case("train_on_inputs", CHAT, {}, {"train_on_inputs": True, **EOT})
case("roles_to_train user+assistant", CHAT, {"roles_to_train": ["user", "assistant"]}, EOT)
case("train_on_eos last (train_on_eot follows)", CHAT, {"train_on_eos": "last"}, EOT)
case("train_on_eos none", CHAT, {"train_on_eos": "none"}, EOT)
case("train_on_eos all", CHAT, {"train_on_eos": "all"}, EOT)
case("legacy: roles_to_train and train_on_eos empty", CHAT, {"roles_to_train": None, "train_on_eos": None})
case("drop_system_message", CHAT, {"drop_system_message": True}, EOT)
case("sharegpt fields", SHAREGPT, {"field_messages": "conversations", "message_property_mappings": {"role": "from", "content": "value"}}, EOT)
case("sharegpt rows without mapping", SHAREGPT, {}, EOT)
case("per-turn flag", FLAGGED, {"message_field_training": "training"}, EOT)
case("last turn is user", {"messages": CHAT["messages"][:4]}, {}, EOT)
case("completion", {"text": ["Quins projectes"]}, {"type": "completion"})
tokenizer.eos_token = "</s>"
for style in ("instruct", "chatml"):
    for i, row in enumerate(ALPACA):
        made = AlpacaPromptTokenizingStrategy(AlpacaPrompter(style), tokenizer, False, 256).tokenize_prompt(row)
        kind = "alpaca" if style == "instruct" else "alpaca with prompt_style chatml"
        cases.append({"name": f"alpaca {style} {i}", "row": row, "dataset": {"type": kind}, "text": tokenizer.decode(made["input_ids"]),
                      "input_ids": list(made["input_ids"]), "labels": list(made["labels"])})
case("input_output", {"segments": [{"label": False, "text": "Quins "}, {"label": True, "text": "projectes</s>"}]}, {"type": "input_output"})

print("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]")
