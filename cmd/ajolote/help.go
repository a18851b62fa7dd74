package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// helpWidth is how wide help is, in characters.
const helpWidth = 80

// wrapHelp makes the help of a command, and of all below it, fit helpWidth.
func wrapHelp(root *cobra.Command) {
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages |", fmt.Sprintf(".FlagUsagesWrapped %d |", helpWidth)))
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		text := c.Long
		if text == "" {
			text = c.Short
		}
		fmt.Fprintf(c.OutOrStdout(), "%s\n\n%s", wrapText(text, helpWidth), c.UsageString())
	})
}

// wrapText fills paragraphs, which blank lines divide, up to width; one with an indented line stays as it is.
func wrapText(text string, width int) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		if strings.HasPrefix(p, " ") || strings.Contains(p, "\n ") {
			continue
		}
		var filled strings.Builder
		at := 0
		for _, word := range strings.Fields(p) {
			n := len([]rune(word))
			switch {
			case at == 0:
			case at+1+n > width:
				filled.WriteByte('\n')
				at = 0
			default:
				filled.WriteByte(' ')
				at++
			}
			filled.WriteString(word)
			at += n
		}
		paragraphs[i] = filled.String()
	}
	return strings.Join(paragraphs, "\n\n")
}
