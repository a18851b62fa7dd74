// Package optim holds what moves parameters: AdamW and Muon over named tensors, and the learning-rate schedules.
//
// The numbers are PyTorch's and Hugging Face's: torch.optim.AdamW(fused=True), torch.optim.Muon, transformers' get_scheduler
// by name, and the two schedules that axolotl adds. A training loop needs four calls a step:
//
//	schedule, err := optim.ScheduleConfig{Kind: "cosine", LR: 2e-4, Steps: 500, WarmupSteps: 50}.Build()
//	adam := optim.NewAdamW(optim.DefaultAdamW(), optim.OneGroup(model.Parameters(), 0.01))
//	defer adam.Free()
//	for step := range 500 {
//		loss(step).Backward()
//		norm := torch.ClipGradNorm(adam.Parameters(), 1)
//		adam.Step(schedule(step))
//		torch.ZeroGrad(adam.Parameters())
//	}
//
// Optimizers hold long-lived tensors: Free them. Like every package above torch, they panic with [*torch.Error] where libtorch
// raises; the job's torch.Run turns that into an error.
package optim
