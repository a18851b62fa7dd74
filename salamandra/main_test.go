package salamandra_test

import (
	"testing"

	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m, "ExampleP") }
