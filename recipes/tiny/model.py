"""The models: Llama architecture, randomly initialised from a seed, and exported as Hugging Face folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from recipes.tiny.copying import give_copying
from recipes.tiny.options import Shape
from recipes.tiny.tokenizer import CONTEXT


def built(shape: Shape, tokenizer: PreTrainedTokenizerBase, seed: int) -> LlamaForCausalLM:
    """A model with random weights, in fp32."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=shape.hidden, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, num_key_value_heads=shape.heads, intermediate_size=shape.intermediate,
        max_position_embeddings=CONTEXT, tie_word_embeddings=True, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, dtype="float32",
        attention_bias=shape.copying,
    )
    model = LlamaForCausalLM(config)
    if shape.copying:
        give_copying(model, seed)
    return model


def parameters(model: torch.nn.Module) -> int:
    """Parameters, tied ones once."""
    return sum(weight.numel() for weight in model.parameters())


def export(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, folder: Path) -> float:
    """Writes a folder that AutoModelForCausalLM and AutoTokenizer load.

    Weights are stored in half precision to halve the package; `config.json` says float32, so they are computed with in
    float32, which every CPU does fast. The model keeps the rounded weights.

    Returns:
        The largest change of a log-probability by rounding, in nats, on tokens drawn at random.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    probe = torch.randint(len(tokenizer), (4, 64), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        before = model(input_ids=probe).logits.log_softmax(-1)
        for weight in model.parameters():
            weight.copy_(weight.to(torch.float16))
        change = (model(input_ids=probe).logits.log_softmax(-1) - before).abs().max().item()
    generation: Any = model.generation_config
    generation.update(bos_token_id=model.config.bos_token_id, eos_token_id=model.config.eos_token_id,
                      pad_token_id=model.config.pad_token_id)
    model.save_pretrained(folder)
    weights = folder / "model.safetensors"
    halves = {name: tensor.to(torch.float16) for name, tensor in load_file(weights).items()}
    save_file(halves, weights, metadata={"format": "pt"})
    tokenizer.save_pretrained(folder)
    written = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if written.get("dtype") != "float32":
        raise ValueError(f"expected config.json to say dtype float32, found {written.get('dtype')!r}: half "
                         "precision would be computed with; set it when the model is built")
    return float(change)
