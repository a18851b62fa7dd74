package salamandra

// DefaultConfig returns the values of absent keys: axolotl 0.19's, but for the seed, which axolotl leaves open for shuffling
// and splitting. What has no default (base_model, datasets, learning_rate, and with an adapter lora_r, lora_alpha and the
// target modules) is zero.
func DefaultConfig() *Config {
	return &Config{
		ModelType:    "AutoModelForCausalLM",
		Init:         "none",
		BF16:         Auto,
		ComputeDType: "auto",
		TF32:         Auto,

		Device:       "auto",
		MemoryBudget: "auto",
		SharedPrefix: true,

		InitLoraWeights: InitLoraKaiming,

		SequenceLen:   512,
		ExcessLength:  "drop",
		MinSampleLen:  2,
		ShuffleMerged: true,

		MicroBatchSize:            1,
		GradientAccumulationSteps: 1,
		NumEpochs:                 1,
		LRScheduler:               "cosine",
		Optimizer:                 "adamw_torch_fused",
		AdamBeta1:                 0.9,
		AdamBeta2:                 0.999,
		AdamEpsilon:               1e-8,
		MaxGradNorm:               1,
		GradientCheckpointing:     CheckpointingOff,
		WatchdogPatience:          3,
		Seed:                      42,

		OutputDir:      "./model-out",
		SaveTotalLimit: 4,
		MetricForBest:  "eval_loss",
		TensorBoard:    true,
	}
}
