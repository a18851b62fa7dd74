package lora_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"testing"

	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m, "ExampleParseConfig") }

// An adapter on the queries and values of every layer: attached, counted, written as peft writes it, and read again.
func Example() {
	dir, err := os.MkdirTemp("", "adapter")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	m, err := llama.Load(context.Background(), "testdata/llama", llama.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Free()

	c := lora.DefaultConfig()
	c.TargetModules = lora.Targets{Names: []string{"q_proj", "v_proj"}}
	a, err := lora.Attach(m, c, &m.Clock, torch.NewGenerator(1))
	if err != nil {
		log.Fatal(err)
	}
	trained := 0
	for _, p := range a.Parameters() {
		trained += p.Len()
	}
	fmt.Println(len(a.Modules()), "layers adapted,", trained, "weights to train")
	if err := a.Save(dir); err != nil {
		log.Fatal(err)
	}
	a.Detach()
	a.Free()

	again, err := lora.Load(m, dir, &m.Clock)
	if err != nil {
		log.Fatal(err)
	}
	defer again.Free()
	fmt.Println("rank", again.Config.R, "at", again.Modules()[0])
	// Output:
	// 4 layers adapted, 3584 weights to train
	// rank 8 at model.layers.0.self_attn.q_proj
}

// What peft has written is read strictly: a value that would change the adapter is refused by name.
func ExampleParseConfig() {
	_, err := lora.ParseConfig([]byte(`{"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "lora_alpha": 16, "use_qalora": true}`))
	fmt.Println(err)
	// Output: use_qalora is true: this feature is not supported
}
