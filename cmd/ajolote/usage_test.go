package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAMisusedCommandSaysHowItIsUsed(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"trian"}, "ajolote has no command \"trian\"; did you mean train?\najolote --help lists them"},
		{[]string{"embed", "serch", "x"}, "ajolote embed has no command \"serch\"; did you mean search?\najolote embed --help lists them"},
		{[]string{"bench", "zzzzzzzz"}, "ajolote bench has no command \"zzzzzzzz\"\najolote bench --help lists them"},
		{[]string{"train"}, "accepts 1 arg(s), received 0\nusage: ajolote train CONFIG.yml [flags]\najolote train --help says more"},
		{[]string{"generate", "--prompt", "x"}, "required flag(s) \"model\" not set\nusage: ajolote generate --model DIR --prompt TEXT [flags]\najolote generate --help says more"},
		{[]string{"merge", "a", "--adapter-path", "a", "--output-path", "b"}, "\"a\" is no flag, and this command takes nothing but flags\nusage: ajolote merge"},
		{[]string{"parse", "--what"}, "unknown flag: --what\nusage: ajolote parse"},
		{[]string{"parse", "--model", "m", "--dtype", "int64", "q"}, "\"--dtype\" flag: it must be float32 or bfloat16\nusage: ajolote parse"},
	} {
		root := newRootCommand()
		root.SetArgs(c.args)
		root.SetOut(&bytes.Buffer{})
		require.ErrorContains(t, root.Execute(), c.want)
	}
}

func TestACommandThatHoldsOthersShowsThem(t *testing.T) {
	for _, args := range [][]string{{}, {"embed"}} {
		root := newRootCommand()
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetArgs(args)
		require.NoError(t, root.Execute())
		require.Contains(t, out.String(), "Available Commands:")
	}
}
