package config_test

import (
	"fmt"

	"github.com/ajolote-ai/ajolote/config"
)

func ExampleParse() {
	type Settings struct {
		SequenceLen int     `yaml:"sequence_len" accept:"[1,)"`
		Rate        float64 `yaml:"learning_rate" accept:"(0,)"`
		Excess      string  `yaml:"excess_length_strategy" accept:"drop|truncate|raise"`
	}
	defaults := Settings{SequenceLen: 512, Excess: "drop"}

	settings := defaults
	text := []byte("sequence_length: 2048\nlearning_rate: 2e-4\nexcess_length_strategy: split\n")
	_, err := config.Parse("train.yml", text, &settings, config.Options{})
	fmt.Println(err)

	settings = defaults
	text = []byte("sequence_len: 2048\nlearning_rate: 2e-4\nexcess_length_strategy:\n")
	_, err = config.Parse("train.yml", text, &settings, config.Options{Set: []string{"sequence_len=4096"}})
	fmt.Println(settings, err)
	// Output:
	// 2 faults in the configuration:
	//   train.yml:1: sequence_length: no such key; did you mean sequence_len?
	//   train.yml:3: excess_length_strategy: want drop, truncate or raise, have split
	// {4096 0.0002 drop} <nil>
}
