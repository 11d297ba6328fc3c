"""The records that a worker's monitor and its zygote exchange."""

from __future__ import annotations

import struct

import pytest

from eg_cfg.sandbox import Limits, orders
from eg_cfg.sandbox.running import rlimits


def test_fork_carries_every_limit() -> None:
    limits = rlimits(Limits(wall_seconds=2.5, memory_mb=1 << 30, file_mb=7, open_files=9, processes=11))
    watch, values = orders.parse_fork(orders.fork(limits, True))
    assert watch
    assert dict(zip(orders.LIMITS, values, strict=True)) == limits
    assert not orders.parse_fork(orders.fork(limits, False))[0]


@pytest.mark.parametrize("status", [None, 0, 1, 255, -9, -31])
def test_report_crosses_as_it_is(status: int | None) -> None:
    report = orders.Report(status == -9, status, 1.25, 1 << 40)
    assert orders.Report.from_bytes(report.to_bytes()) == report


def test_report_of_another_length_is_refused() -> None:
    with pytest.raises(struct.error):
        orders.Report.from_bytes(orders.Report(False, 0, 0.0, 0).to_bytes() + b"\0")


def test_packages_cross_in_order() -> None:
    assert orders.parse_preload(orders.preload(["numpy", "a.b", "c"])) == ["numpy", "a.b", "c"]


def test_orders_are_told_apart_by_their_first_byte() -> None:
    fork = orders.fork(rlimits(Limits()), False)
    assert {fork[:1], orders.END, orders.preload(["numpy"])[:1]} == {orders.FORK, orders.END, orders.PRELOAD}
