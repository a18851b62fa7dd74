"""Writes trainer_state.json: what transformers' Trainer says of a linear regression of ten examples.

    python trainer_state.py     (transformers 5.23, torch 2.11)

Five micro-batches of two, two of them a step: three steps an epoch, the last one smaller. The examples come in their own order.
"""
import json, pathlib, tempfile
import torch
from torch.utils.data import Dataset, SequentialSampler
from transformers import Trainer, TrainingArguments


class Examples(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, i):
        return {"x": torch.tensor([1.0, i / 10, (i * i % 7) / 7, (i * 3 % 5) / 5]), "labels": torch.tensor(0.5 * i - 2)}


class Regression(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(4))

    def forward(self, x, labels, num_items_in_batch=None):
        errors = (x @ self.w - labels) ** 2
        return {"loss": errors.sum() / (num_items_in_batch or len(labels))}


class InOrder(Trainer):
    def _get_train_sampler(self, *_):
        return SequentialSampler(self.train_dataset)


with tempfile.TemporaryDirectory() as out:
    arguments = TrainingArguments(
        output_dir=out, per_device_train_batch_size=2, per_device_eval_batch_size=10, gradient_accumulation_steps=2, num_train_epochs=2,
        learning_rate=0.1, lr_scheduler_type="cosine", warmup_steps=1, weight_decay=0.0, max_grad_norm=1.0, logging_steps=2,
        eval_strategy="steps", eval_steps=3, save_steps=3, save_total_limit=2, load_best_model_at_end=True, metric_for_best_model="eval_loss",
        report_to=[], use_cpu=True, average_tokens_across_devices=False, disable_tqdm=True)
    trainer = InOrder(Regression(), arguments, train_dataset=Examples(), eval_dataset=Examples())
    trainer.train()
    trainer.save_state()
    text = pathlib.Path(out, "trainer_state.json").read_text().replace(out, "OUT")
pathlib.Path(__file__).with_name("trainer_state.json").write_text(text)
