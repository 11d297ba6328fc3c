"""Which layers LoRA adapts: every linear layer of the family but the head and the routers of experts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from eg_cfg.errors import ConfigError, UnknownNameError

_ROUTERS = frozenset({"gate", "router", "shared_expert_gate"})
"""Layers that choose experts; adapting them unbalances the choice."""
_EXPERTS = frozenset({"gate_proj", "up_proj", "down_proj", "w1", "w2", "w3"})
"""Names that PEFT takes to mean the experts, wherever else they are, where these are one tensor a layer."""


def adapted_layers(network: PreTrainedModel, asked: Sequence[str] | None = None) -> tuple[str, ...]:
    """Names of the layers that an adapter goes on, without the path before them.

    Llama, Qwen2: the projections of attention and the gated MLP. StarCoder2, GPT-2, GPT-Neo: those of attention, and
    `c_fc` and `c_proj`. DeepSeek with latent attention, and every model whose experts are one tensor a layer: the
    projections of attention alone, for PEFT adapts such tensors without dropout only, and at many times the size.

    Args:
        network: A causal model.
        asked: Names to adapt instead of all.

    Raises:
        ConfigError: There is no linear layer.
        UnknownNameError: A name that was asked for is no linear layer's.
    """
    head: Any = cast(Any, network).get_output_embeddings()
    found = {path.rpartition(".")[2] for path, module in network.named_modules()
             if isinstance(module, nn.Linear | Conv1D) and module is not head} - _ROUTERS
    if any(parameter.dim() == 3 and path.endswith("gate_up_proj") for path, parameter in network.named_parameters()):
        found -= _EXPERTS
    if head is not None:  # a layer elsewhere may be called like the head; PEFT goes by names alone
        found -= {path.rpartition(".")[2] for path, module in network.named_modules() if module is head}
    if asked is not None:
        for name in asked:
            if name not in found:
                raise UnknownNameError("layer for --target-modules", name, found)
        return tuple(asked)
    if not found:
        raise ConfigError(f"{type(network).__name__} has no linear layers for LoRA to adapt: pass --no-use-lora")
    return tuple(sorted(found))


def stored_transposed(network: PreTrainedModel, names: Sequence[str]) -> bool:
    """Whether the layers keep their weights as [inputs, outputs], as GPT-2's do."""
    return any(isinstance(module, Conv1D) for path, module in network.named_modules()
               if path.rpartition(".")[2] in names)
