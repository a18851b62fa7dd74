"""What the programs on llama.cpp share: a model in its 4-bit format, a context, tokens in and the likeliest token out.

IQ4_NL is the format nearest to NF4: sixteen levels that are not evenly spaced, a 16-bit scale for 32 weights. The output head,
the largest matrix by far, is either left in 16 bits or brought to Q6_K, llama.cpp's own choice for it.
"""

import ctypes
import json
import os
import pathlib
import resource
import subprocess

import llama_cpp as lib
import numpy

HEADS = {"f16": lib.GGML_TYPE_F16, "q6_k": lib.GGML_TYPE_Q6_K}
CACHES = {"f32": lib.GGML_TYPE_F32, "f16": lib.GGML_TYPE_F16}

quiet = lib.llama_log_callback(lambda level, text, data: None)
lib.llama_log_set(quiet, ctypes.c_void_p())
lib.llama_backend_init()


def quantised(directory, head):
    """The file of a Hugging Face directory in IQ4_NL, written beside it the first time. `ajolote export` makes the exact
    file that llama.cpp's own quantiser starts from."""
    directory = pathlib.Path(directory)
    file = directory.parent / f"{directory.name}-iq4_nl-head-{head}.gguf"
    if file.exists():
        return file
    program = os.environ.get("AJOLOTE", pathlib.Path(__file__).parents[2] / "bin" / "ajolote")
    exact = file.with_suffix(".exact")
    bare = [] if any((directory / name).exists() for name in ("tokenizer.json", "tokenizer.model")) else ["--without-tokenizer"]
    subprocess.run([program, "export", directory, "--type", "f32", "--output", exact, *bare], check=True)
    parameters = lib.llama_model_quantize_default_params()
    parameters.ftype = lib.LLAMA_FTYPE_MOSTLY_IQ4_NL
    parameters.output_tensor_type = HEADS[head]
    parameters.token_embedding_type = lib.GGML_TYPE_F16
    partial = file.with_suffix(".partial")
    failed = lib.llama_model_quantize(str(exact).encode(), str(partial).encode(), ctypes.byref(parameters))
    exact.unlink()
    if failed:
        raise SystemExit(f"llama.cpp does not quantise {directory}: {failed}")
    partial.rename(file)
    return file


class Model:
    """A model with one context. Tokens go in for a numbered sequence at a position; logits come out for those asked for."""

    def __init__(self, file, positions, sequences=1, threads=os.cpu_count(), cache="f16", batch=2048):
        self.model = lib.llama_model_load_from_file(str(file).encode(), lib.llama_model_default_params())
        if not self.model:
            raise SystemExit(f"llama.cpp does not load {file}")
        parameters = lib.llama_context_default_params()
        parameters.n_ctx, parameters.n_batch, parameters.n_seq_max = positions, batch, sequences
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.type_k = parameters.type_v = CACHES[cache]
        parameters.kv_unified = True  # sequences may share the cells of a prompt
        self.context = lib.llama_init_from_model(self.model, parameters)
        self.memory = lib.llama_get_memory(self.context)
        vocabulary = lib.llama_model_get_vocab(self.model)
        self.words, self.threads = lib.llama_vocab_n_tokens(vocabulary), threads
        self.batch = lib.llama_batch_init(batch, 0, 1)
        self.size = batch

    def feed(self, tokens):
        """Computes (token, position, sequence, wanted) rows, and returns the likeliest next token of the wanted ones."""
        best = []
        for start in range(0, len(tokens), self.size):
            part = tokens[start : start + self.size]
            for i, (token, position, sequence, wanted) in enumerate(part):
                self.batch.token[i], self.batch.pos[i], self.batch.logits[i] = token, position, wanted
                self.batch.n_seq_id[i], self.batch.seq_id[i][0] = 1, sequence
            self.batch.n_tokens = len(part)
            if failed := lib.llama_decode(self.context, self.batch):
                raise SystemExit(f"llama_decode: {failed}")
            for i, row in enumerate(part):
                if row[3]:
                    logits = lib.llama_get_logits_ith(self.context, i)
                    best.append(int(numpy.ctypeslib.as_array(logits, (self.words,)).argmax()))
        return best

    def read(self, ids, position=0, sequence=0):
        """The likeliest token behind ids."""
        return self.feed([(t, position + i, sequence, i == len(ids) - 1) for i, t in enumerate(ids)])[0]

    def forget(self, position=0, sequence=-1):
        lib.llama_memory_seq_rm(self.memory, sequence, position, -1)

    def share(self, source, target, length):
        lib.llama_memory_seq_cp(self.memory, source, target, 0, length)


def report(workload, model, **figures):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"workload": workload, **figures, "threads": model.threads, "peak_gib": peak}), flush=True)
