"""Classifier-free guidance: arithmetic on two next-token distributions, and nothing else.

    guided = guide(plain, conditional, gamma=1.5)       # log-probabilities, (rows, vocabulary)

Equation of the method (Lavon, Katz, Wolf, arXiv 2506.10948, section 3; guidance after Ho and Salimans,
arXiv 2207.12598):

    P_guided(w)  ∝  P(w) · (P_c(w) / P(w)) ^ gamma

    log P_guided(w) = (1 - gamma) · log P(w) + gamma · log P_c(w) - log Z

P is the model on the plain prompt, P_c on the prompt with the signal. gamma = 0 is P, gamma = 1 is P_c, to the bit.
"""

from __future__ import annotations

import torch


def guide(plain: torch.Tensor, conditional: torch.Tensor, gamma: float | torch.Tensor,
          top_k: int = 0) -> torch.Tensor:
    """The guided distribution.

    Args:
        plain: log P, (rows, vocabulary).
        conditional: log P_c, the same shape.
        gamma: Strength, 0 or more; one number, or a tensor of (rows,).
        top_k: Keep only tokens that are among the k likeliest of either branch; 0 keeps all.

    Returns:
        log P_guided, normalised, float32, (rows, vocabulary). A token that either branch holds to be impossible is
        impossible, since the quotient has no meaning there; but with gamma 0 or 1 only one branch has a say.
    """
    plain, conditional = plain.float(), conditional.float()
    strength = torch.as_tensor(gamma, dtype=torch.float32, device=plain.device).expand(plain.shape[0])[:, None]
    mixed = (1 - strength) * plain + strength * conditional
    mixed = mixed.masked_fill(plain.isneginf() | conditional.isneginf(), -torch.inf)
    mixed = torch.where(strength == 0, plain, torch.where(strength == 1, conditional, mixed))
    exact = (strength == 0) | (strength == 1)  # these are normalised already: another rounding would do no good
    if 0 < top_k < plain.shape[-1]:
        kept = _likeliest(plain, top_k) | _likeliest(conditional, top_k)
        return mixed.masked_fill(~kept, -torch.inf).log_softmax(dim=-1)
    return torch.where(exact, mixed, mixed.log_softmax(dim=-1))


def _likeliest(log_probs: torch.Tensor, count: int) -> torch.Tensor:
    """Where a token is among the likeliest of its row; equals of the last one count too."""
    return log_probs >= log_probs.topk(count, dim=-1).values[:, -1:]
