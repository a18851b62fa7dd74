package tokenizer_test

import (
	"fmt"
	"log"

	"github.com/ajolote-ai/ajolote/tokenizer"
)

func Example() {
	t, err := tokenizer.Load("testdata/stories260k.json")
	if err != nil {
		log.Fatal(err)
	}
	ids, err := t.AppendIDs(nil, "Once upon a time", tokenizer.EncodeOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ids)
	fmt.Println(t.Decode(ids, true))
	// Output:
	// [1 403 407 261 378]
	// Once upon a time
}

func ExampleTokenizer_Encode() {
	t, err := tokenizer.Load("testdata/stories260k.json")
	if err != nil {
		log.Fatal(err)
	}
	e, err := t.Encode("a café", tokenizer.EncodeOptions{WithoutSpecialTokens: true})
	if err != nil {
		log.Fatal(err)
	}
	for i, token := range e.Tokens {
		fmt.Println(token, e.IDs[i], e.Offsets[i], e.ByteOffsets[i])
	}
	// Output:
	// ▁a 261 [0 1] [0 1]
	// ▁c 280 [1 3] [1 3]
	// a 412 [3 4] [3 4]
	// f 431 [4 5] [4 5]
	// é 485 [5 6] [5 7]
}

func ExampleTokenizer_Stream() {
	t, err := tokenizer.Load("testdata/stories260k.json")
	if err != nil {
		log.Fatal(err)
	}
	ids, err := t.EncodeIDs("a ☃!", tokenizer.EncodeOptions{})
	if err != nil {
		log.Fatal(err)
	}
	stream := t.Stream(true)
	for _, id := range ids {
		fmt.Printf("%q ", stream.Push(id)) // the three bytes of the snowman come together
	}
	fmt.Printf("%q\n", stream.Flush())
	// Output:
	// "" "a" " " "" "" "" "☃!" ""
}
