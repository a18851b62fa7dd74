package pyjson_test

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/internal/pyjson"
)

func Example() {
	v, err := pyjson.Unmarshal(`{"year": 2020, "share": 1e5, "name": "L'Hospitalet", "year": 2021}`)
	if err != nil {
		panic(err)
	}
	fmt.Println(pyjson.Text(v))
	out, _ := pyjson.Marshal(v, pyjson.Options{Indent: 2})
	fmt.Println(string(out))
	// Output:
	// {'year': 2021, 'share': 100000.0, 'name': "L'Hospitalet"}
	// {
	//   "year": 2021,
	//   "share": 100000.0,
	//   "name": "L'Hospitalet"
	// }
}
