package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// everyCommand calls f for the root and all below it that are not cobra's own.
func everyCommand(c *cobra.Command, f func(*cobra.Command)) {
	f(c)
	for _, below := range c.Commands() {
		everyCommand(below, f)
	}
}

func TestEveryCommandHasHelpThatFitsThePage(t *testing.T) {
	everyCommand(newRootCommand(), func(c *cobra.Command) {
		require.NotEmpty(t, c.Short, c.CommandPath())
		require.False(t, strings.HasSuffix(c.Short, "."), "%s: %s", c.CommandPath(), c.Short)
		require.LessOrEqual(t, len([]rune(c.Short)), 66, "%s: a line in the list of commands", c.CommandPath())
		var out bytes.Buffer
		c.SetOut(&out)
		require.NoError(t, c.Help())
		require.Contains(t, out.String(), "Usage:")
		help, _, _ := strings.Cut(out.String(), "Usage:")
		_, flags, _ := strings.Cut(out.String(), "\nFlags:")
		for _, line := range strings.Split(help+flags, "\n") {
			require.LessOrEqual(t, len([]rune(line)), helpWidth, "%s: %s", c.CommandPath(), line)
		}
	})
}

func TestCompletionOffersTheCommands(t *testing.T) {
	root := newRootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs([]string{"__complete", "m"})
	require.NoError(t, root.Execute())
	require.Contains(t, out.String(), "merge\tMerge an adapter into its base model")
}
