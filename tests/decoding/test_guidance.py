"""The equation, against itself written on probabilities in double precision."""

from __future__ import annotations

import pytest
import torch

from eg_cfg.decoding.guidance import guide


def distributions(rows: int = 6, vocabulary: int = 40, scale: float = 3.0) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    plain, conditional = (scale * torch.randn(2, rows, vocabulary)).log_softmax(-1)
    return plain, conditional


@pytest.mark.parametrize("gamma", [0.0, 0.25, 0.5, 1.0, 1.7, 3.0])
def test_it_is_the_equation(gamma: float) -> None:
    plain, conditional = distributions()
    p, c = plain.double().exp(), conditional.double().exp()
    weights = p * (c / p) ** gamma
    expected = weights / weights.sum(-1, keepdim=True)
    found = guide(plain, conditional, gamma)
    assert found.dtype == torch.float32
    assert (found.double().exp() - expected).abs().max() < 1e-5


def test_gamma_0_and_1_are_the_branches_to_the_bit() -> None:
    plain, conditional = distributions()
    assert torch.equal(guide(plain, conditional, 0.0), plain)
    assert torch.equal(guide(plain, conditional, 1.0), conditional)


def test_each_row_has_its_own_strength() -> None:
    plain, conditional = distributions(4)
    gammas = [0.0, 0.5, 1.0, 3.0]
    together = guide(plain, conditional, torch.tensor(gammas))
    apart = [guide(plain[[row]], conditional[[row]], gamma)[0] for row, gamma in enumerate(gammas)]
    assert torch.equal(together, torch.stack(apart))


def test_what_a_branch_holds_to_be_impossible_stays_so() -> None:
    plain = torch.tensor([[0.5, 0.5, 0.0]]).log()
    conditional = torch.tensor([[0.0, 0.5, 0.5]]).log()
    assert guide(plain, conditional, 3.0).exp().tolist() == [[0.0, 1.0, 0.0]]
    assert torch.equal(guide(plain, conditional, 0.0), plain)
    assert torch.equal(guide(plain, conditional, 1.0), conditional)


def test_strong_guidance_of_sharp_distributions_stays_finite() -> None:
    plain, conditional = distributions(scale=200.0)
    found = guide(plain, conditional, 50.0)
    assert not found.isnan().any()
    assert torch.allclose(found.double().exp().sum(-1), torch.ones(6, dtype=torch.float64), atol=1e-5)


def test_the_mask_keeps_the_likeliest_of_either_branch() -> None:
    plain, conditional = distributions()
    kept = guide(plain, conditional, 1.5, top_k=2).isfinite()
    for row in range(6):
        expected = {*plain[row].topk(2).indices.tolist(), *conditional[row].topk(2).indices.tolist()}
        assert set(kept[row].nonzero()[:, 0].tolist()) == expected
    masked, full = guide(plain, conditional, 1.5, top_k=2), guide(plain, conditional, 1.5)
    ratios = (masked - full)[kept].reshape(-1)
    for row in range(6):
        shift = (masked - full)[row][kept[row]]
        assert (shift - shift[0]).abs().max() < 1e-4  # what is left keeps its proportions
    assert (ratios > 0).all()
    assert torch.allclose(masked.exp().sum(-1), torch.ones(6), atol=1e-5)


def test_half_precision_is_computed_in_single() -> None:
    plain, conditional = distributions()
    found = guide(plain.bfloat16(), conditional.bfloat16(), 0.5)
    assert found.dtype == torch.float32
    assert torch.equal(found, guide(plain.bfloat16().float(), conditional.bfloat16().float(), 0.5))
