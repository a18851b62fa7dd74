package main

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// This file: commands that take the place of a Python program keep its manners of Python's argparse: a flag may be shortened
// to a prefix that no other flag has, --flag=value and --flag value are the same, and a wrong command line ends with status 2.

// likeArgparse gives a command these manners. It is called after the command's flags are defined; required names those that
// must be given.
func likeArgparse(cmd *cobra.Command, required ...string) {
	flags := cmd.Flags()
	flags.SetNormalizeFunc(func(f *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(completed(f, name))
	})
	usage := func(cmd *cobra.Command, err error) error {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v\n", cmd.CommandPath(), err)
		return exitStatus(2)
	}
	cmd.SetFlagErrorFunc(usage)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		var missing []string
		for _, name := range required {
			if !flags.Changed(name) {
				missing = append(missing, "--"+name)
			}
		}
		switch {
		case len(missing) > 0:
			return usage(cmd, fmt.Errorf("the following flags are needed: %s", strings.Join(missing, ", ")))
		case len(args) > 0:
			return usage(cmd, fmt.Errorf("unknown arguments: %s", strings.Join(args, " ")))
		}
		return nil
	}
}

// completed returns the one flag that name is a prefix of, or name itself.
func completed(flags *pflag.FlagSet, name string) string {
	found := ""
	exact := false
	flags.VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Name == name:
			exact = true
		case strings.HasPrefix(f.Name, name) && found == "":
			found = f.Name
		case strings.HasPrefix(f.Name, name):
			found = name // of two
		}
	})
	if exact || found == "" {
		return name
	}
	return found
}

// integerFlag is a flag of Python's type int: any size, underscores between digits.
type integerFlag struct{ value *big.Int }

var pythonInteger = regexp.MustCompile(`^[-+]?[0-9]+(_[0-9]+)*$`)

func (i *integerFlag) Set(text string) error {
	text = strings.TrimSpace(text)
	if !pythonInteger.MatchString(text) {
		return fmt.Errorf("%q is no whole number", text)
	}
	i.value.SetString(strings.ReplaceAll(text, "_", ""), 10)
	return nil
}

func (i *integerFlag) String() string {
	if i.value == nil {
		return ""
	}
	return i.value.String()
}

func (i *integerFlag) Type() string { return "int" }

// choiceFlag is a flag that takes one of some words.
type choiceFlag struct {
	value   *string
	choices []string
}

func (c *choiceFlag) Set(text string) error {
	if !slices.Contains(c.choices, text) {
		return fmt.Errorf("%q is not one of %s", text, strings.Join(c.choices, ", "))
	}
	*c.value = text
	return nil
}

func (c *choiceFlag) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

func (c *choiceFlag) Type() string { return strings.Join(c.choices, "|") }
