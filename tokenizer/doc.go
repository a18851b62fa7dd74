// Package tokenizer turns text into the token ids of a model and back, from the model's tokenizer.json: pure Go, with the
// same ids, offsets and decoded text as Hugging Face tokenizers 0.23.3.
//
//	t, err := tokenizer.Load("models/salamandra-2b-instruct")
//	ids, err := t.AppendIDs(nil, "Quins projectes tracten d'hidrogen verd?", tokenizer.EncodeOptions{})
//	text := t.Decode(ids, true)
//
// A text passes through the stages that the file names, in this order: added tokens are cut out of the raw text; each
// piece between them is normalised, and added tokens that want it are looked for again; pre-tokenizers cut the pieces into
// words; the model (BPE, Unigram, WordPiece or WordLevel) turns each word into tokens; a post-processor adds the special
// tokens. [Tokenizer.AppendIDs] keeps nothing but the ids and is the fast way; [Tokenizer.Encode] also carries where every
// token came from.
//
// A [Tokenizer] does not change after loading and is safe for any number of goroutines. Each goroutine at work has its own
// bounded cache of words, so none waits for another.
//
// Text that is not valid UTF-8 is first repaired as Python's decode("utf-8", errors="replace") does it: each maximal
// invalid part becomes one U+FFFD. Byte offsets then count in the repaired text.
package tokenizer
