"""Writes labels.json and random.json: what axolotl's tokenising strategies make of rows under many settings.

    python -m pip download --no-deps axolotl==0.19.0 && unzip -q axolotl-*.whl -d AXOLOTL
    python make.py AXOLOTL

Only the pure Python parts of axolotl are used. random.json leaves out contents that a template makes empty: axolotl does not find such
a turn and trains not even its end mark.
"""
import json
import logging
import pathlib
import random
import sys

sys.path.insert(0, sys.argv[1])
from axolotl.prompt_strategies import load
from axolotl.prompt_tokenizers import AlpacaPromptTokenizingStrategy
from axolotl.prompters import AlpacaPrompter
from axolotl.utils.dict import DictDefault
from transformers import AutoTokenizer

logging.disable(logging.CRITICAL)
HERE = pathlib.Path(__file__).parent
tokenizer = AutoTokenizer.from_pretrained(HERE / "tokenizer")
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


def write(name, entries):
    (HERE / name).write_text("[\n" + ",\n".join(json.dumps(e, ensure_ascii=False) for e in entries) + "\n]\n")


write("labels.json", cases)

TEMPLATES = [
    "",  # the tokenizer's own
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] | trim + '<|im_end|>\n' }}{% endfor %}",
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'assistant' %}{{ '### A: ' + m['content'] + eos_token + '\n' }}"
    "{% else %}{{ '### ' + m['role'] + ': ' + m['content'] + '\n\n' }}{% endif %}{% endfor %}",
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are.<|im_end|>\n' }}{% endif %}"
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}",
]
WORDS = ["Quins projectes?", " leading", "trailing ", "línia\nnova", '{"a": 1}', "é😀", "user", "assistant", "b", "a", "<|im_end|> inside", "I 2020?", "zz",
         "système", "\t tab", "ASSISTANT:", "ñandú", "### A: x"]
draw = random.Random(5)


def content():
    return " ".join(draw.choice(WORDS) for _ in range(draw.randint(1, 3)))


drawn = []
tokenizer.eos_token = "</s>"
for _ in range(200):
    jinja = draw.choice(TEMPLATES)
    messages = [turn("system", draw.choice(WORDS))] if draw.random() < 0.5 else []
    for _ in range(draw.randint(1, 3)):
        messages += [turn("user", content()), turn("assistant", content())]
    dataset = {"chat_template": "jinja", "chat_template_jinja": jinja} if jinja else {"chat_template": "tokenizer_default"}
    marks = draw.choice(["", "all", "turn", "last", "none"])
    roles = draw.choice([["user"], ["assistant", "user"], ["system", "assistant"]]) if draw.random() < 0.3 else None
    dataset |= {"type": "chat_template"} | ({"train_on_eos": marks} if marks else {}) | ({"roles_to_train": roles} if roles else {})
    config = {"sequence_len": 4096, "train_on_inputs": draw.random() < 0.2, "special_tokens": {}} | (EOT if "eos_token" not in jinja else {})
    row = {"messages": messages}
    made = load("chat_template", tokenizer, DictDefault(config), DictDefault(dataset)).tokenize_prompt(row)
    drawn.append({"row": row, "jinja": jinja, "train_on_eos": marks, "roles_to_train": roles, "train_on_inputs": config["train_on_inputs"],
                  "eot_tokens": config.get("eot_tokens"), "input_ids": list(made["input_ids"]), "trained": "".join("01"[i != -100] for i in made["labels"])})
write("random.json", drawn)
