"""Heads that copy, from the first step on: a model that begins with them need not find them.

    give_copying(model, seed=106)

Copying what followed the last time takes two heads one above the other ("induction", Olsson et al., arXiv 2209.11895).
One reads the token before; the other looks for a place whose token before is this one, and reads what stands there.
Each is of use only once there is the other, so a small model can train for long without either. Both can be written
down for random weights: embeddings drawn at random are nearly orthogonal, so any projection of them tells tokens
apart. Training then makes of them what it likes.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import torch
from transformers import LlamaForCausalLM

_BACK = (1, 2)
"""Places before, of the heads of the first layer that look back."""
_PEAK = 9.0
"""By so many nats such a head prefers its place to the next one."""
_SLOW = 5
"""Frequencies of rotary embeddings, the slowest, in which places do not disturb a comparison of tokens."""
_MATCH = 3.0
"""Scale of queries and keys that compare tokens."""


def give_copying(model: LlamaForCausalLM, seed: int) -> None:
    """Sets attention in the first two layers of a model with random weights and biases of attention.

    Args:
        model: It has biases of attention, two layers or more, and two heads or more.
        seed: Of the projections.
    """
    config: Any = model.config
    first, second = (_attention(model, layer) for layer in (0, 1))
    hidden, width = int(config.hidden_size), int(first.head_dim)
    drawn = torch.Generator().manual_seed(seed)
    read, written = (torch.linalg.qr(torch.randn(hidden, hidden, generator=drawn))[0] for _ in range(2))
    size = model.model.embed_tokens.weight.norm(dim=1).mean() / sqrt(width)
    with torch.no_grad():
        for head, back in enumerate(_BACK):
            rows = slice(head * width, (head + 1) * width)
            look_back(first, head, back, float(config.rope_parameters["rope_theta"]))
            first.v_proj.weight[rows] = read[:, :width].T
            first.o_proj.weight[:, rows] = written[:, rows] * size
        slow = range(width // 2 - _SLOW, width // 2)
        places = [*slow, *(place + width // 2 for place in slow)]
        for head in range(hidden // width):
            rows = slice(head * width, (head + 1) * width)
            turn = torch.linalg.qr(torch.randn(width, width, generator=drawn))[0][:len(places)]
            for weight, seen in ((second.q_proj.weight, read), (second.k_proj.weight, written)):
                weight[rows] = 0.0
                weight[[head * width + place for place in places]] = _MATCH * turn @ seen[:, :width].T
            second.v_proj.weight[rows] = read[:, rows].T
            second.o_proj.weight[:, rows] = read[:, rows] * size


def _attention(model: LlamaForCausalLM, layer: int) -> Any:
    return model.model.layers[layer].self_attn


def look_back(attention: Any, head: int, back: int, theta: float) -> None:
    """Makes a head read the token so many places before, whatever it is.

    With biases and no weights, queries and keys differ by nothing but their places, which rotary embeddings turn into
    angles: the score of a token d places before is a sum of cosines of angle * (d - back), greatest at d = back. The
    fast half of the frequencies makes the peak sharp.
    """
    width = int(attention.head_dim)
    rows = slice(head * width, (head + 1) * width)
    angles = theta ** (-torch.arange(width // 2) * 2 / width)
    fast = (torch.arange(width // 2) < width // 4).float()
    gap = (fast * (1 - angles.cos())).sum() / sqrt(width)  # between the best place and the next, at amplitude 1
    amplitude = fast * (_PEAK / gap).sqrt()
    for projection in (attention.q_proj, attention.k_proj):
        projection.weight[rows] = 0.0
    turned = torch.cat([amplitude * (angles * back).cos(), -amplitude * (angles * back).sin()])
    attention.q_proj.bias[rows] = turned
    attention.k_proj.bias[rows] = torch.cat([amplitude, torch.zeros(width // 2)])
