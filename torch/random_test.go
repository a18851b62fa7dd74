package torch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestASeedGivesPythonTorchsNumbers(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	want := torchtest.Goldens(t, s, "testdata/generator.safetensors")
	g := torch.NewGenerator(42)
	require.True(t, want["randn"].Equal(g.Randn(s, torch.Float32CPU, 3, 7)))
	u := torch.Empty(s, torch.Float32CPU, 20)
	g.Uniform(u, -2, 3)
	require.True(t, want["uniform"].Equal(u))
	require.True(t, want["perm"].Equal(g.Perm(s, 12)))
	state := g.State()
	require.True(t, want["multinomial"].Equal(g.Multinomial(want["p"].In(s), 3)))
	n := torch.Empty(s, torch.Options{DType: torch.BFloat16, Device: torch.CPU}, 40)
	g.Normal(n, 1, 0.5)
	require.True(t, want["normal"].Equal(n))
	other := torch.NewGenerator(7)
	other.SetState(state)
	require.True(t, want["multinomial"].Equal(other.Multinomial(want["p"].In(s), 3)), "a generator goes on from a state")
	require.Contains(t, failure(t, func() { other.SetState([]byte{1, 2, 3}) }).Error(), "torch.SetState")
}
