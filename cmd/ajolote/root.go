package main

import "github.com/spf13/cobra"

// newRootCommand lists every command once; each lives in a file of its own name.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "ajolote",
		Short:         "Fine-tune, evaluate and serve language and embedding models",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newAverageCommand(),
		newBenchCommand(),
		newDoctorCommand(),
		newEmbedCommand(),
		newEvalCommand(),
		newExportCommand(),
		newGenerateCommand(),
		newInspectCommand(),
		newLogitsCommand(),
		newMergeCommand(),
		newParseCommand(),
		newPrepareCommand(),
		newQuantizeCommand(),
		newReportCommand(),
		newSetupCommand(),
		newTokenizeCommand(),
		newTrainCommand(),
		newValidateCommand(),
		newVersionCommand(),
	)
	root.SetFlagErrorFunc(misused)
	explainUse(root)
	wrapHelp(root)
	return root
}
