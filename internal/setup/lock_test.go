package setup

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote"
)

func TestTheLockPinsEveryPlatform(t *testing.T) {
	lock, err := ParseLock(ajolote.Lock)
	require.NoError(t, err)
	require.Equal(t, "2.11.0", lock.TorchVersion())
	for _, c := range []struct {
		platform string
		cpu      []string
		cuda     int
	}{
		{"linux/amd64", []string{"torch 2.11.0", "nvidia-cuda-runtime 13.0.96", "nvidia-cuda-cupti 13.0.85"}, 12},
		{"linux/arm64", []string{"torch 2.11.0", "nvidia-cuda-runtime 13.0.96", "nvidia-cuda-cupti 13.0.85"}, 12},
		{"darwin/arm64", []string{"torch 2.11.0"}, 0},
	} {
		wheels, err := lock.For(c.platform, false)
		require.NoError(t, err)
		var names []string
		for _, w := range wheels {
			names = append(names, w.Project+" "+w.Version)
		}
		require.Equal(t, c.cpu, names, c.platform)
		all, err := lock.For(c.platform, true)
		if c.cuda == 0 {
			require.EqualError(t, err, "no CUDA libraries are pinned for "+c.platform)
			continue
		}
		require.NoError(t, err)
		require.Len(t, all, len(c.cpu)+c.cuda)
		require.NotEqual(t, digest(wheels), digest(all))
	}
	_, err = lock.For("plan9/386", false)
	require.EqualError(t, err, "no libtorch is pinned for plan9/386, only for linux/amd64, linux/arm64, darwin/arm64")
	require.NotRegexp(t, regexp.MustCompile(`(?i)://|\.org|\.io\b|\.com`), ajolote.Lock, "the lock names files, never where they come from")
}

func TestAFaultyLineOfTheLockIsNamed(t *testing.T) {
	const good = "linux/amd64 cpu torch 2.11.0 torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl 530604548 sha256:7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a"
	lock, err := ParseLock("# wheels\n\n" + good + "  # a remark\n")
	require.NoError(t, err)
	require.Equal(t, []Wheel{{
		Platform: "linux/amd64", Project: "torch", Version: "2.11.0", File: "torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl",
		Bytes: 530604548, SHA256: "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
	}}, lock.Wheels)

	for _, c := range []struct{ old, new, want string }{
		{" cpu", "", "6 fields, want 7: platform, cpu or cuda, project, version, file, bytes, sha256:..."},
		{"linux/amd64", "linux", `platform "linux" is not of the form linux/amd64`},
		{" cpu", " rocm", `"rocm" is neither cpu nor cuda`},
		{" torch ", " Torch ", `project "Torch" is not a normalised project name`},
		{" 2.11.0 ", " 2.11.* ", `version "2.11.*" is not made of numbers and dots`},
		{"cp311-manylinux_2_28_x86_64.whl", "../../x.whl", `"torch-2.11.0-cp311-../../x.whl" is not the file name of a wheel`},
		{" 2.11.0 ", " 2.10.0 ", "file torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl is not of project torch 2.10.0"},
		{"530604548", "530MB", `size "530MB" is not a number of bytes`},
		{"530604548", "-1", `size "-1" is not a number of bytes`},
		{"b8c67a", "b8c67", `"sha256:7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67" is not sha256: and 64 lower-case hexadecimal digits`},
	} {
		_, err := ParseLock("\n" + strings.Replace(good, c.old, c.new, 1))
		require.ErrorContains(t, err, "torch.lock:2: ", c.new)
		require.ErrorContains(t, err, c.want, c.new)
	}
	_, err = ParseLock("one\n" + good + "\ntwo\n")
	require.ErrorContains(t, err, "torch.lock:1: ")
	require.ErrorContains(t, err, "torch.lock:3: ", "all faults at once")
	_, err = ParseLock("# nothing\n")
	require.EqualError(t, err, "torch.lock: no wheel in it")
}
