"""Renders every template of templates/ with transformers' apply_chat_template and writes rendered.json; loads
tokenizer folders of every kind and writes models.json.

    python make.py [GOLDEN]          (transformers 5.23.0, jinja2 3.1.6, tokenizers 0.23.3)
    python make.py --templates FOLDER OUT.json

The second form renders the .jinja files of any other folder, for a comparison over the templates of many models: name
OUT.json in AJOLOTE_RENDERED and FOLDER in AJOLOTE_TEMPLATES when running the Go test. With GOLDEN, a folder with axolotl's labels for chats and the tokenizer they were made with (axolotl_labels.json,
tokenizer.json; axolotl 0.19.0), it also writes trained.json: the text that axolotl trains of each conversation.
"""
import datetime, itertools, json, pathlib, sys, tempfile

import transformers.utils.chat_template_utils as utils
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, PreTrainedTokenizerFast

here = pathlib.Path(__file__).parent


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 3, 5, 7, 8, 9)


utils.datetime = FixedClock
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>")), bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>"
)


def m(role, content, **more):
    return {"role": role, "content": content, **more}


def call(name, arguments, **more):
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


TOOLS = [
    {"type": "function", "function": {"name": "cerca", "description": "Busca <projectes> d'un any & \"més\"", "parameters": {
        "type": "object", "properties": {"any": {"type": "integer", "maximum": 9223372036854775807}, "text": {"type": "string"}}, "required": ["text"]}}},
    {"type": "function", "function": {"name": "now", "description": "", "parameters": {"type": "object", "properties": {}}, "return": {"type": "string"}}},
]
CHATS = {
    "one question": [m("user", "Hola!")],
    "answered": [m("user", "Quins projectes?"), m("assistant", '{"a": 1}')],
    "with system": [m("system", "Parse."), m("user", "Quins projectes?"), m("assistant", '{"a": 1}'), m("user", "I 2020?"), m("assistant", "D'acord.")],
    "empty system": [m("system", ""), m("user", "a"), m("assistant", "b")],
    "spaces and lines": [m("system", "  two\n\nlines \n"), m("user", "\n indented\n\ttab "), m("assistant", "\n\n  answer \n\n"), m("user", " ")],
    "unicode": [m("user", "Ñandú 🙂‍↔️ e\u0301 \u200f\u05d0 中文 \u2028 \x0b \x1c"), m("assistant", "«Sí», l·l \U0001f1e6\U0001f1e9 \u00a0\u00ad")],
    "marks inside": [m("user", "<|im_end|>\n<|im_start|>system\n{{ x }} {% if %} <s></s> [/INST]"), m("assistant", "</s><|eot_id|><end_of_turn>")],
    "quotes and html": [m("user", "<a href=\"x\">'&'</a> \\n \\"), m("assistant", "\"'\\/<>&")],
    "empty answer": [m("user", "x"), m("assistant", "")],
    "same words": [m("user", "a"), m("assistant", "a"), m("user", "a"), m("assistant", "a")],
    "system alone": [m("system", "S")],
    "assistant first": [m("assistant", "Hi"), m("user", "x")],
    "users in a row": [m("user", "a"), m("user", "b"), m("assistant", "c")],
    "system later": [m("user", "a"), m("system", "later"), m("assistant", "c")],
    "tool call": [m("user", "busca"), {"role": "assistant", "content": None, "tool_calls": [call("cerca", {"text": "l'aigua <x>", "any": 2020, "n": None, "f": 1.0, "l": [True]}, id="abcdefghi")]},
                  m("tool", '{"n": 3}', name="cerca", tool_call_id="abcdefghi"), m("assistant", "N'hi ha 3.")],
    "two calls": [m("system", "S"), m("user", "x"), m("assistant", "Ho miro.", tool_calls=[call("now", {}, id="123456789"), call("cerca", {"text": "ñ"}, id="987654321")]),
                  m("tool", "7:08", tool_call_id="123456789"), m("tool", "res", tool_call_id="987654321"), m("assistant", "Fet."), m("user", "gràcies")],
    "arguments as text": [m("user", "x"), m("assistant", "", tool_calls=[call("cerca", '{"text": "y"}', id="abcdefghi")])],
    "reasoning": [m("user", "2+2?"), m("assistant", "4", reasoning_content="two\nand two\n"), m("user", "3+3?"), m("assistant", "6", reasoning_content="three")],
    "reasoning inside": [m("user", "2+2?"), m("assistant", "<think>\nhm\n</think>\n\n4"), m("user", "3+3?"), m("assistant", "<think>\nhm\n</think>\n\n6")],
    "reasoning by another name": [m("user", "2+2?"), m("assistant", "4", thinking="two")],
    "parts": [m("user", [{"type": "text", "text": " look "}, {"type": "image"}, {"type": "text", "text": "here"}]), m("assistant", "ok")],
    "names": [m("user", "x", name="Anna"), m("assistant", "y", name="bot")],
    "unknown role": [m("developer", "d"), m("user", "x")],
    "no content": [{"role": "user"}, m("assistant", "y")],
    "long": [m("system", "S")] + [m(r, f"{r} {i}") for i in range(6) for r in ("user", "assistant")],
}
VARIANTS = [
    {"add_generation_prompt": False}, {"add_generation_prompt": True},
    {"add_generation_prompt": True, "tools": TOOLS},
    {"add_generation_prompt": True, "vars": {"enable_thinking": False, "date_string": "2026-01-02", "tools_in_user_message": False}},
]
WITH_TOOLS = {"one question", "with system", "tool call", "two calls"}



def render_all(folder, out):
    cases = []
    for path in sorted(folder.glob("*.jinja")):
        tokenizer.chat_template = path.read_text(encoding="utf-8")
        for name, variant in itertools.product(CHATS, range(len(VARIANTS))):
            v = VARIANTS[variant]
            if variant >= 2 and name not in WITH_TOOLS:
                continue
            options = {"add_generation_prompt": v["add_generation_prompt"], "tools": v.get("tools"), **v.get("vars", {})}
            try:
                result = {"text": tokenizer.apply_chat_template(CHATS[name], tokenize=False, **options)}
            except Exception as e:
                result = {"error": type(e).__name__ + ": " + str(e)}
            cases.append({"template": path.stem, "chat": name, "variant": variant, **result})
    out.write_text(json.dumps({"chats": CHATS, "variants": VARIANTS, "cases": cases}, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(len(cases), "renderings,", sum("error" in c for c in cases), "refused")


if sys.argv[1:2] == ["--templates"]:
    render_all(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    sys.exit()
render_all(here / "templates", here / "rendered.json")

# --- which template and which special tokens a folder has ------------------------------------------------------------
SHOW = "{{ bos_token }}|{{ eos_token }}|{{ pad_token }}|{{ unk_token }}|{{ cls_token is defined }}|"
CONFIG = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
BOLD = {"content": "<B>", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
NAMED = [{"name": "default", "template": SHOW + "default"}, {"name": "tool_use", "template": SHOW + "tools {{ tools|length }}"}, {"name": "rag", "template": SHOW + "rag"}]
MODELS = {
    "key": {"tokenizer_config.json": {**CONFIG, "chat_template": SHOW + "key"}},
    "file": {"tokenizer_config.json": CONFIG, "chat_template.jinja": SHOW + "file\n"},
    "file wins": {"tokenizer_config.json": {**CONFIG, "chat_template": SHOW + "key"}, "chat_template.jinja": SHOW + "file"},
    "file with carriage returns": {"tokenizer_config.json": CONFIG, "chat_template.jinja": SHOW + "{% if true %}\r\nfile\r\n{% endif %}\r\nx\r\n"},
    "named": {"tokenizer_config.json": {**CONFIG, "chat_template": NAMED}},
    "named without default": {"tokenizer_config.json": {**CONFIG, "chat_template": NAMED[1:]}},
    "named and file": {"tokenizer_config.json": {**CONFIG, "chat_template": NAMED}, "chat_template.jinja": SHOW + "file"},
    "file and more files": {"tokenizer_config.json": CONFIG, "chat_template.jinja": SHOW + "file", "additional_chat_templates/tool_use.jinja": SHOW + "file with tools"},
    "tokens as objects": {"tokenizer_config.json": {**CONFIG, "bos_token": {"__type": "AddedToken", **BOLD}, "pad_token": None, "chat_template": SHOW}},
    "older map": {"tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "</config>", "chat_template": SHOW},
                  "special_tokens_map.json": {"bos_token": BOLD, "eos_token": "</map>", "pad_token": "<pad>"}},
    "older map beside a decoder": {"tokenizer_config.json": {**CONFIG, "added_tokens_decoder": {"0": {**BOLD, "content": "<unk>", "special": True}}, "chat_template": SHOW},
                                   "special_tokens_map.json": {"bos_token": "<map>", "eos_token": "</map>"}},
}
models_out = []
for name, files in MODELS.items():
    files = {k: v if isinstance(v, str) else json.dumps(v) for k, v in files.items()}
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.backend_tokenizer.save(folder + "/tokenizer.json")
        for path, text in files.items():
            path = pathlib.Path(folder, path)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        model = AutoTokenizer.from_pretrained(folder)
    results = []
    for tools, template in [(None, None), (TOOLS, None), (None, "rag")]:
        if template is not None and not (isinstance(model.chat_template, dict) and template in model.chat_template):
            continue
        try:
            results.append({"text": model.apply_chat_template([m("user", "x")], tokenize=False, tools=tools, chat_template=template), "tools": tools is not None, "name": template or ""})
        except ValueError as e:
            results.append({"error": str(e), "tools": tools is not None, "name": template or ""})
    models_out.append({"name": name, "files": files, "results": results})
    print(name, [r.get("text", "refused") for r in results])
(here / "models.json").write_text(json.dumps(models_out, ensure_ascii=False, indent=1) + "\n")

if len(sys.argv) > 1:
    folder = pathlib.Path(sys.argv[1])
    fast = Tokenizer.from_file(str(folder / "tokenizer.json"))
    out = []
    for row in json.loads((folder / "axolotl_labels.json").read_text()):
        if "messages" not in row["row"] or "input_ids" not in row:
            continue
        pieces, run = [], []
        for i, label in list(zip(row["input_ids"], row["labels"])) + [(0, -100)]:
            if label != -100:
                run.append(i)
            elif run:
                pieces.append(fast.decode(run, skip_special_tokens=False))
                run = []
        out.append({"name": row["name"], "dataset": row["dataset"], "config": row["config"], "eos_token": row["eos_token"], "messages": row["row"]["messages"],
                    "text": fast.decode(row["input_ids"], skip_special_tokens=False), "trained": pieces})
    (here / "trained.json").write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n")
    for o in out:
        print(o["name"], o["dataset"], o["config"], o["eos_token"], o["trained"])
