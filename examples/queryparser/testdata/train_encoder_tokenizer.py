"""The demo encoder's tokenizer, of mRoBERTa's kind: SentencePiece-style BPE whose words carry their leading space, <s> text </s>.

    go run ./examples/queryparser/pairs -general 60000 > general.jsonl
    python train_encoder_tokenizer.py general.jsonl OUT_DIR

Made for tokenizers 0.23.3.
"""
import json, pathlib, sys
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

source, out = sys.argv[1], pathlib.Path(sys.argv[2])
special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def texts():
    with open(source) as lines:
        for line in lines:
            yield from json.loads(line).values()


tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
tokenizer.train_from_iterator(texts(), trainers.BpeTrainer(
    vocab_size=6000, special_tokens=special + [f"<0x{i:02X}>" for i in range(256)], min_frequency=2, show_progress=False))
tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in special])
tokenizer.post_processor = processors.TemplateProcessing(
    single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
    special_tokens=[("<s>", tokenizer.token_to_id("<s>")), ("</s>", tokenizer.token_to_id("</s>"))])
out.mkdir(parents=True, exist_ok=True)
tokenizer.save(str(out / "tokenizer.json"))
(out / "tokenizer_config.json").write_text(json.dumps(
    {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>",
     "mask_token": "<mask>", "model_max_length": 126, "tokenizer_class": "PreTrainedTokenizerFast"}, indent=2))
