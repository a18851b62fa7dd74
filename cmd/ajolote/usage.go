package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// explainUse makes a command, and all below it, say how they are used where they are used wrongly. Faults of flags
// reach misused through the root's SetFlagErrorFunc, which commands inherit unless they have one of their own.
func explainUse(c *cobra.Command) {
	for _, below := range c.Commands() {
		explainUse(below)
	}
	if c.HasSubCommands() {
		c.Args, c.RunE, c.DisableFlagsInUseLine = cobra.ArbitraryArgs, helpOrUnknown, true
		return
	}
	check := c.Args
	c.Args = func(c *cobra.Command, args []string) error {
		err := c.ValidateRequiredFlags()
		if err == nil {
			err = c.ValidateFlagGroups()
		}
		if err == nil && check != nil {
			err = check(c, args)
		}
		if err != nil {
			return misused(c, err)
		}
		return nil
	}
}

// misused adds to what is wrong with a command line how it should be.
func misused(c *cobra.Command, err error) error {
	return fmt.Errorf("%w\nusage: %s\n%s --help says more", err, c.UseLine(), c.CommandPath())
}

// helpOrUnknown is what a command does that only holds others.
func helpOrUnknown(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	meant := ""
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		meant = fmt.Sprintf("; did you mean %s?", near[0])
	}
	return fmt.Errorf("%s has no command %q%s\n%[1]s --help lists them", c.CommandPath(), args[0], meant)
}

// flagsAlone is the check of commands that take no arguments.
func flagsAlone(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%q is no flag, and this command takes nothing but flags", args[0])
	}
	return nil
}
