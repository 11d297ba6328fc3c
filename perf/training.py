"""Fine-tuning by `eg_cfg.training.train` against a bare PyTorch loop over the same batches, in one run.

    python perf/training.py --rounds 3 --steps 30

The model is a random Llama of the embedded models' size (1.4M parameters, vocabulary of 1,536). The bare loop is what
one would write by hand: the model's own loss with labels, AdamW, clipped gradients, no checkpoints, no progress, no
weights of examples. Time is taken from the first step to the last, so loading and the one checkpoint at the end are
left out of both; each round runs both in turn, and medians over rounds are compared.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from eg_cfg.models import registry
from eg_cfg.models.huggingface import HuggingFaceModel
from eg_cfg.training import TrainingExample, TrainingOptions, train
from eg_cfg.training.batches import collate, plan
from eg_cfg.training.examples import encode
from eg_cfg.training.layers import adapted_layers


def save_model(folder: Path) -> None:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={letter: index for index, letter in enumerate([*letters, "</s>"])}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    make: Any = PreTrainedTokenizerFast
    make(tokenizer_object=core, eos_token="</s>").save_pretrained(folder)
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(
        vocab_size=1536, hidden_size=128, intermediate_size=344, num_hidden_layers=6, num_attention_heads=4,
        num_key_value_heads=4, max_position_embeddings=2048, tie_word_embeddings=True, eos_token_id=len(letters),
        bos_token_id=None, pad_token_id=None)).save_pretrained(folder)


def examples(count: int) -> list[TrainingExample]:
    dice = Random(0)
    return [TrainingExample(f"{number:04d} " + "p" * dice.randint(40, 120), "c" * dice.randint(40, 160))
            for number in range(count)]


def bare(folder: Path, data: list[TrainingExample], arguments: argparse.Namespace, lora: bool) -> float:
    model = registry.load(str(folder), {"device": "cpu"})
    assert isinstance(model, HuggingFaceModel)
    network: Any = model.module
    kept, _ = encode(model, data, 2048)
    schedule = plan([len(example.ids) for example in kept], batch=arguments.batch, accumulation=1, processes=1,
                    steps=arguments.steps + 1, seed=42)
    if lora:
        network = get_peft_model(network, LoraConfig(
            task_type="CAUSAL_LM", r=16, lora_alpha=32, lora_dropout=0.1,
            target_modules=list(adapted_layers(network))))
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-3, weight_decay=0.0, fused=True)
    network.train()
    started = 0.0
    for number, places in enumerate(schedule.micro_batches()):
        if number == 1:
            started = time.perf_counter()
        batch = collate([kept[place] for place in places])
        network(input_ids=batch["input_ids"], labels=batch["labels"], use_cache=False).loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return time.perf_counter() - started


def ours(folder: Path, data: list[TrainingExample], arguments: argparse.Namespace, lora: bool) -> float:
    times: list[float] = []
    with tempfile.TemporaryDirectory() as out:
        train(folder, data, Path(out), TrainingOptions(
            use_lora=lora, learning_rate=1e-3, max_steps=arguments.steps + 1, per_device_batch_size=arguments.batch,
            gradient_accumulation_steps=1, device="cpu", save_every=10**6),
            progress=lambda step, total, loss: times.append(time.perf_counter()))
    return times[-1] - times[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    data = examples(arguments.batch * (arguments.steps + 1))
    tokens = sum(len(example.prompt) + len(example.completion) + 1 for example in data[arguments.batch:])
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "model"
        save_model(folder)
        for lora in (False, True):
            seconds: dict[str, list[float]] = {"bare loop": [], "eg-cfg": []}
            for _ in range(arguments.rounds):
                seconds["bare loop"].append(bare(folder, data, arguments, lora))
                seconds["eg-cfg"].append(ours(folder, data, arguments, lora))
            medians = {name: statistics.median(found) for name, found in seconds.items()}
            print(f"{'LoRA' if lora else 'full weights'}: {arguments.steps} steps of {arguments.batch} examples, about "
                  f"{tokens:,} tokens")
            for name, median in medians.items():
                spread = f"{min(seconds[name]):.2f} to {max(seconds[name]):.2f}"
                print(f"  {name:10} {median:7.2f} s  ({spread})  {tokens / median:8,.0f} tokens/s")
            print(f"  ratio of throughput, eg-cfg / bare loop: {medians['bare loop'] / medians['eg-cfg']:.2f}")


if __name__ == "__main__":
    main()
