"""Guidance where only the likeliest tokens are known: over the union of both branches' lists.

    mixed = mix(plain, conditional, gamma=1.5)      # likeliest first
    mixed[0].token, mixed[0].guided

The equation is that of `eg_cfg.decoding.guidance`:

    log P_guided(w) = (1 - gamma) · log P(w) + gamma · log P_c(w) - log Z

A token of one list that is missing in the other has there a probability of at most that of the least likely token in
the list, since the lists hold the likeliest tokens. That bound stands in its place. So a missing P_c is as high as it
can be: guidance holds no plain token back more than what was told warrants. And a missing P is as high as it can be:
with gamma above 1, the signal's own tokens are no likelier than what was told warrants. (With 0 in its place, any
token would win that only the signal brings up, by an unlimited factor.) With gamma below 1 such tokens may come out a
little too likely, by a factor of at most (bound / P) ^ (1 - gamma).

Z is the sum over the union, the only tokens that can be chosen. Where the lists are the whole vocabulary, nothing is
missing, and all of this is exact. With gamma 0 or 1 one branch has a say, and its list is taken as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eg_cfg.models.top_logprobs import TopToken


@dataclass(frozen=True, slots=True)
class Weighed:
    """A token that can be chosen. Log-probabilities that were not told are not-a-number."""

    token: TopToken
    plain: float
    conditional: float | None
    """None where there is no signal."""
    guided: float


def mix(plain: Sequence[TopToken] | None, conditional: Sequence[TopToken] | None, gamma: float,
        top_k: int = 0) -> list[Weighed]:
    """The guided distribution, likeliest first; of equals, the smaller id, or the plain list's first.

    Args:
        plain: The likeliest tokens of P; none where that was not asked for, which only gamma 1 allows.
        conditional: Those of P_c; none where there is no signal (gamma must be 0), or with gamma 0.
        gamma: Strength, 0 or more.
        top_k: Keep only tokens that are among the k likeliest of either branch; 0 keeps all.

    Raises:
        ValueError: A list that gamma gives a say is empty or missing.
    """
    needed = [told for told, say in ((plain, gamma != 1), (conditional, gamma != 0)) if say]
    if not all(needed):
        raise ValueError(f"gamma {gamma:g} mixes {len(needed)} of the two lists, and one of them holds nothing")
    kept = {token.name for told in needed if told for token in (_cut(told, top_k) if top_k else told)}
    tokens = {token.name: token for told in needed for token in told or ()}
    scores = {name: score for name, score in _scores(plain, conditional, gamma, tokens) if name in kept}
    exact = gamma in (0, 1) and len(scores) == len(tokens)
    norm = 0.0 if exact else _log_sum(list(scores.values()))
    p, c = _told(plain), _told(conditional)
    order = {name: place for place, name in enumerate(tokens)}
    weighed = [Weighed(tokens[name], p.get(name, math.nan), None if conditional is None else c.get(name, math.nan),
                       score - norm) for name, score in scores.items()]
    return sorted(weighed, key=lambda each: (-each.guided, _tie(each.token, order)))


def draw(weighed: Sequence[Weighed], temperature: float, top_p: float, uniform: float) -> Weighed:
    """One of the tokens: the likeliest at temperature 0, else by the number drawn.

    Args:
        weighed: At least one, likeliest first.
        temperature: 0 or more.
        top_p: Draw from the smallest set that holds this much probability.
        uniform: On [0, 1).
    """
    if temperature == 0:
        return weighed[0]
    highest = weighed[0].guided
    weights = [math.exp((each.guided - highest) / temperature) for each in weighed]
    limit, held, count = top_p * math.fsum(weights), 0.0, 0
    while count < len(weights) and (count == 0 or held < limit):
        held += weights[count]
        count += 1
    rest = uniform * held
    for each, weight in zip(weighed[:count], weights, strict=False):
        rest -= weight
        if rest < 0:
            return each
    return weighed[count - 1]


def _scores(plain: Sequence[TopToken] | None, conditional: Sequence[TopToken] | None, gamma: float,
            tokens: dict[int | bytes, TopToken]) -> Iterator[tuple[int | bytes, float]]:
    p, c = _told(plain), _told(conditional)
    least_p, least_c = min(p.values(), default=math.nan), min(c.values(), default=math.nan)
    for name in tokens:
        if gamma == 0:
            yield name, p[name]
        elif gamma == 1:
            yield name, c[name]
        else:
            yield name, (1 - gamma) * p.get(name, least_p) + gamma * c.get(name, least_c)


def _told(told: Sequence[TopToken] | None) -> dict[int | bytes, float]:
    return {token.name: token.log_prob for token in reversed(told or ())}


def _cut(told: Sequence[TopToken], count: int) -> list[TopToken]:
    """The likeliest; equals of the last one count too."""
    if len(told) <= count:
        return list(told)
    least = sorted((token.log_prob for token in told), reverse=True)[count - 1]
    return [token for token in told if token.log_prob >= least]


def _tie(token: TopToken, order: dict[int | bytes, int]) -> int:
    return order[token.name] if token.id is None else token.id


def _log_sum(values: Sequence[float]) -> float:
    highest = max(values)
    return highest + math.log(math.fsum(math.exp(value - highest) for value in values))
