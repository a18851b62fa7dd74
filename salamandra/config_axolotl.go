package salamandra

import "github.com/ajolote-ai/ajolote/config"

// This file: the keys of axolotl 0.19 that Config has no field for, and what becomes of each. A key that only changes speed,
// memory or logging is ignored with a notice; one without which something else would be trained is refused with the reason.
// Empty keys are passed over. docs/config.md is written from this table.

// axolotlRules returns the table.
func axolotlRules() []config.Rule {
	rules := append([]config.Rule{}, renamedKeys...)
	for _, group := range ignoredKeys {
		for _, key := range group.keys {
			rules = append(rules, config.Rule{Key: key, Do: config.Ignore, Why: group.why, Except: group.except})
		}
	}
	for _, group := range refusedKeys {
		for _, key := range group.keys {
			rules = append(rules, config.Rule{Key: key, Do: config.Refuse, Why: group.why, Except: group.except, Only: group.only})
		}
	}
	for _, list := range []string{"datasets", "test_datasets"} {
		for _, r := range datasetRules {
			r.Key = list + "." + r.Key
			rules = append(rules, r)
		}
	}
	return rules
}

// keyGroup is keys that share a reason.
type keyGroup struct {
	keys   []string
	why    string
	except []string
	only   []string
}

var renamedKeys = []config.Rule{
	{Key: "model_revision", Do: config.Rename, To: "revision_of_model"},
	{Key: "model_config", Do: config.Rename, To: "overrides_of_model_config"},
	{Key: "evaluation_strategy", Do: config.Rename, To: "eval_strategy"},
	{Key: "noisy_embedding_alpha", Do: config.Rename, To: "neftune_noise_alpha"},
}

var ignoredKeys = []keyGroup{
	{keys: []string{"tokenizer_type", "tokenizer_use_fast", "tokenizer_legacy", "tokenizer_use_mistral_common"},
		why: "the tokenizer is what tokenizer.json and tokenizer_config.json say"},
	{keys: []string{"trust_remote_code"},
		why: "code in a model folder is never run; models other than Llama are refused when they are loaded"},
	{keys: []string{"is_llama_derived_model", "is_mistral_derived_model", "is_falcon_derived_model", "is_qwen_derived_model"},
		why: "the kind of model is read from config.json"},
	{keys: []string{"embeddings_skip_upcast"},
		why: "embedding and head are held in their stored type and computed in the compute type"},
	{keys: []string{"attn_implementation", "flash_attention", "sdp_attention", "xformers_attention", "flex_attention", "eager_attention", "sage_attention",
		"fused_attn_kernel", "flex_attn_compile_kwargs"},
		why: "there is one attention here; examples never see each other, packed or not"},
	{keys: []string{"flash_attn_cross_entropy", "flash_attn_fuse_mlp", "lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel", "lora_embedding_kernel",
		"torch_compile", "torch_compile_*", "use_kernels", "liger_*", "cut_cross_entropy", "chunked_cross_entropy", "chunked_cross_entropy_*", "tiled_mlp", "tiled_mlp_*"},
		why: "it changes speed only, and the fast paths are always on"},
	{keys: []string{"unsloth_lora_mlp", "unsloth_lora_qkv", "unsloth_lora_o", "unsloth_rms_norm", "unsloth_rope", "unsloth_cross_entropy_loss"},
		why: "it changed speed only and was removed from axolotl"},
	{keys: []string{"low_cpu_mem_usage", "device_map", "max_memory", "gpu_memory_limit", "lora_on_cpu", "experimental_skip_move_to_device"},
		why: "weights are placed on one device as they are read; memory_budget limits a step"},
	{keys: []string{"gradient_checkpointing_kwargs", "selective_checkpointing", "activation_offloading", "layer_offloading", "gc_steps", "gc_collect_steps", "torch_empty_cache_steps"},
		why: "it changes memory only; see gradient_checkpointing and memory_budget"},
	{keys: []string{"fsdp", "fsdp_config", "fsdp_version", "fsdp_final_state_dict_type", "deepspeed", "ddp", "ddp_*", "local_rank"},
		why: "training runs on one device"},
	{keys: []string{"processor_type", "freeze_mm_modules"}, why: "only text is trained"},
	{keys: []string{"loraplus_lr_embedding"}, why: "embeddings get no adapter"},
	{keys: []string{"merge_lora"}, why: "merging is a command of its own"},
	{keys: []string{"pad_to_sequence_len", "pad_to_multiple_of"}, why: "nothing is ever padded"},
	{keys: []string{"sample_packing_group_size", "sample_packing_bin_size", "sample_packing_sequentially", "sample_packing_eff_est", "sample_packing_mp_start_method", "total_num_tokens"},
		why: "it tunes how sequences are packed in axolotl"},
	{keys: []string{"batch_flattening", "group_by_length"}, why: "nothing is ever padded, so it gains nothing"},
	{keys: []string{"dataset_num_proc", "dataset_processes", "dataset_keep_in_memory", "dataloader_num_workers", "dataloader_pin_memory", "dataloader_prefetch_factor",
		"remove_unused_columns", "skip_prepare_dataset", "preprocess_iterable", "pretrain_multipack_buffer_size", "streaming_multipack_buffer_size"},
		why: "it tunes how axolotl reads its data"},
	{keys: []string{"hf_use_auth_token"}, why: "the token is taken from the environment (HF_TOKEN)"},
	{keys: []string{"push_dataset_to_hub", "hub_model_id", "hub_strategy", "hub_revision"}, why: "nothing is uploaded"},
	{keys: []string{"strict", "debug"}, why: "checking is always strict"},
	{keys: []string{"save_safetensors"}, why: "safetensors are always written"},
	{keys: []string{"wandb_mode", "wandb_watch", "wandb_log_model", "use_wandb"}, why: "W&B runs are written offline when wandb_project is set, and nothing is sent"},
	{keys: []string{"use_mlflow", "mlflow_*", "hf_mlflow_log_artifacts", "use_comet", "comet_*", "use_trackio", "trackio_*", "use_swanlab", "swanlab_*", "use_otel_metrics", "otel_*"},
		why: "nothing is sent to other services; metrics are in train_log.jsonl and in TensorBoard files"},
	{keys: []string{"include_tokens_per_second", "include_tkps"}, why: "tokens are always counted"},
	{keys: []string{"profiler_steps", "profiler_steps_start", "generate_samples", "num_generation_samples", "generation_*"}, why: "it only reports"},
	{keys: []string{"eval_table_size", "eval_max_new_tokens", "do_causal_lm_eval", "eval_causal_lm_metrics", "do_bench_eval", "bench_dataset"},
		why: "evaluation measures the loss; metric_for_best_model: strict evaluates parsed queries"},
	{keys: []string{"gradio_*"}, why: "there is no demo page"},
}

var refusedKeys = []keyGroup{
	{keys: []string{"load_in_8bit"}, why: "8-bit weights are not supported; use load_in_4bit: true with adapter: qlora"},
	{keys: []string{"model_quantization_config", "model_quantization_config_kwargs"}, why: "how a model file is quantised is read from its config.json; to quantise, set load_in_4bit: true"},
	{keys: []string{"quantize_moe_experts", "use_scattermoe", "use_sonicmoe", "experts_implementation", "expert_parallel_*", "llama4_linearized_experts"},
		why: "mixtures of experts are not supported"},
	{keys: []string{"gptq", "gptq_*"}, why: "GPTQ weights are not supported; start from the 16-bit model with load_in_4bit: true"},
	{keys: []string{"fp16", "float16"}, why: "half precision with loss scaling is not supported; use bf16: auto or compute_dtype: float32"},
	{keys: []string{"overrides_of_model_kwargs", "model_kwargs"}, why: "these are arguments of a Python loader; remove them"},
	{keys: []string{"bnb_config_kwargs.*"}, why: "only bnb_4bit_use_double_quant, bnb_4bit_quant_type and bnb_4bit_compute_dtype can be chosen"},
	{keys: []string{"tokens", "added_tokens_overrides", "resize_token_embeddings_to_32x", "shrink_embeddings", "mean_resizing_embeddings"},
		why: "the vocabulary stays that of the base model; use tokens that it has"},
	{keys: []string{"s2_attention", "flash_attn_rms_norm"}, why: "it was removed from axolotl; remove the key"},
	{keys: []string{"lora_target_parameters", "lora_exclude_modules"}, why: "name the layers in lora_target_modules, or match them with a regular expression"},
	{keys: []string{"lora_fan_in_fan_out"}, why: "it is for GPT-2 layers; Llama has none"},
	{keys: []string{"peft", "peft_trainable_token_indices", "peft_layer_replication", "peft_ensure_weight_tying"}, why: "this part of peft is not supported"},
	{keys: []string{"peft_autocast_adapter_dtype"}, only: []string{"false", "no", "off"}, why: "adapters are held in float32; remove the key"},
	{keys: []string{"relora", "relora_*", "jagged_restart_*"}, why: "ReLoRA is not supported"},
	{keys: []string{"max_packed_sequence_len"}, why: "it was removed from axolotl; use sample_packing: true with sequence_len"},
	{keys: []string{"rope_scaling"}, why: "put it under overrides_of_model_config"},
	{keys: []string{"pretraining_dataset", "streaming"}, why: "streamed text is not supported; use a dataset of type completion"},
	{keys: []string{"auto_find_batch_size"}, why: "a step would depend on free memory; micro_batch_size costs no memory here, memory_budget does"},
	{keys: []string{"embedding_lr", "embedding_lr_scale", "lr_groups", "optim_target_modules"}, why: "there is one learning rate; use learning_rate"},
	{keys: []string{"unfrozen_parameters"}, why: "either an adapter is trained or the whole model"},
	{keys: []string{"save_safetensors"}, only: []string{"false", "no", "off"}, why: "only safetensors are written; remove the key"},
	{keys: []string{"world_size", "context_parallel_size", "sequence_parallel_degree", "tensor_parallel_size", "dp_*"}, except: []string{"1"},
		why: "training runs on one device; remove the key"},
	{keys: []string{"use_ray", "ray_*"}, why: "training runs on one device; remove the key"},
	{keys: []string{"rl", "reward_model", "process_reward_model", "trl", "vllm", "orpo_alpha", "rl_beta", "rl_*", "ebft", "dpo_*", "kto_*", "cpo_alpha", "simpo_gamma"},
		why: "training by preference or reward is not supported"},
	{keys: []string{"qat", "use_pose", "pose_*", "lisa_*"}, why: "this kind of training is not supported"},
}

// datasetRules are the rules of keys inside datasets and test_datasets.
var datasetRules = []config.Rule{
	{Key: "shards", Do: config.Refuse, Except: []string{"1"}, Why: "it selects a part of the rows; split the file instead"},
	{Key: "shards_idx", Do: config.Refuse, Why: "it selects a part of the rows; split the file instead"},
	{Key: "preprocess_shards", Do: config.Ignore, Why: "files are streamed"},
	{Key: "trust_remote_code", Do: config.Ignore, Why: "code of a dataset is never run"},
	{Key: "message_field_training_detail", Do: config.Refuse, Why: "spans inside a message are not supported; use message_field_training"},
	{Key: "field_thinking", Do: config.Refuse, Why: "separate thoughts are not supported; write them into the content"},
	{Key: "template_thinking_key", Do: config.Refuse, Why: "separate thoughts are not supported; write them into the content"},
	{Key: "split_thinking", Do: config.Refuse, Why: "separate thoughts are not supported; write them into the content"},
	{Key: "field_chosen", Do: config.Refuse, Why: "training by preference is not supported"},
	{Key: "field_rejected", Do: config.Refuse, Why: "training by preference is not supported"},
	{Key: "field_human", Do: config.Ignore, Why: "it belonged to sharegpt; use roles"},
	{Key: "field_model", Do: config.Ignore, Why: "it belonged to sharegpt; use roles"},
	{Key: "input_format", Do: config.Ignore, Why: "it belonged to sharegpt"},
}
