package salamandra

import (
	"errors"
	"fmt"
	"github.com/ajolote-ai/ajolote/config"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestZZ(t *testing.T) {
	n, ok := 0, 0
	unk := 0
	filepath.Walk("/tmp/gm/ex/examples", func(p string, i os.FileInfo, err error) error {
		if !strings.HasSuffix(p, ".yml") && !strings.HasSuffix(p, ".yaml") {
			return nil
		}
		b, _ := os.ReadFile(p)
		if !strings.Contains(string(b), "adapter: qlora") && !strings.Contains(string(b), "adapter: lora") {
			return nil
		}
		n++
		_, _, err = ParseConfig(p, b)
		if err == nil {
			ok++
			return nil
		}
		var f config.Faults
		errors.As(err, &f)
		for _, x := range f {
			if strings.HasPrefix(x.Problem, "no such key") {
				unk++
				fmt.Println(x)
			}
		}
		if strings.Contains(p, "llama") && !strings.Contains(p, "llama-4") {
			fmt.Println(err)
		}
		return nil
	})
	fmt.Println(n, ok, unk)
}
