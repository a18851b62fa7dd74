"""Reads an exported model, and an adapter to put on it, with llama.cpp: what its tokenizer makes of texts, and how it goes on.

    python read_back.py MODEL.gguf [ADAPTER.gguf] < REQUEST     (llama_cpp_python 0.3.36; ./build.sh peers installs it)

Reads {"texts": [...], "new": N}, prints {"tokens": [[id, ...], ...], "greedy": [[id, ...], ...]}: the
tokens of each text with the special ones around it, and N greedy tokens behind them. TestLlamaCppReadsWhatIsWritten runs it.
"""

import ctypes
import json
import sys

import llama_cpp as lib

request = json.load(sys.stdin)
model = lib.llama_model_load_from_file(sys.argv[1].encode(), lib.llama_model_default_params())
vocabulary = lib.llama_model_get_vocab(model)
parameters = lib.llama_context_default_params()
parameters.n_ctx, parameters.n_batch = 512, 512
parameters.type_k = parameters.type_v = lib.GGML_TYPE_F32
parameters.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_DISABLED  # which rounds to 16 bits
context = lib.llama_init_from_model(model, parameters)
for path in sys.argv[2:]:
    adapter = lib.llama_adapter_lora_init(model, path.encode())
    failed = lib.llama_set_adapters_lora(context, (lib.llama_adapter_lora_p_ctypes * 1)(adapter), 1, (ctypes.c_float * 1)(1.0))
    assert not failed, path


def tokens_of(text):
    raw = text.encode()
    room = (lib.llama_token * (len(raw) + 8))()
    return list(room[: lib.llama_tokenize(vocabulary, raw, len(raw), room, len(room), True, True)])


def likeliest(ids):
    row = (lib.llama_token * len(ids))(*ids)  # the batch does not hold it
    assert lib.llama_decode(context, lib.llama_batch_get_one(row, len(ids))) == 0
    logits = lib.llama_get_logits_ith(context, -1)
    return max(range(lib.llama_vocab_n_tokens(vocabulary)), key=logits.__getitem__)


answer = {"tokens": [tokens_of(text) for text in request["texts"]], "greedy": []}
for ids in answer["tokens"]:
    lib.llama_memory_clear(lib.llama_get_memory(context), True)
    written = [likeliest(ids)]
    while len(written) < request["new"]:
        written.append(likeliest(written[-1:]))
    answer["greedy"].append(written)
print(json.dumps(answer))
