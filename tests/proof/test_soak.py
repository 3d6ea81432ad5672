"""The soak's judgement: a steady shop passes, what grows without bound is named, and the picture is drawn."""

from dataclasses import replace
from pathlib import Path

from bottega.proof.soak import Sample, grown, plot, run_soak

STEADY = [
    Sample(float(second), second * 5, 250.0, 90.0, 24, 40.0 + second, second * 40, 3, 2, 1) for second in range(60)
]


def test_a_steady_shop_passes_though_its_log_grows() -> None:
    assert grown(STEADY) == []


def test_memory_that_grows_after_it_settled_is_named() -> None:
    leaking = [replace(sample, memory_mib=200 + sample.second * 8) for sample in STEADY]
    assert grown(leaking) == ["memory grew from 404 to 584 MiB after it had settled"]


def test_connections_and_queues_that_grow_are_named() -> None:
    crowded = [replace(sample, connections=20 + int(sample.second), waiting_effects=900) for sample in STEADY]
    assert grown(crowded) == ["connections grew from 35 to 79", "waiting_effects stands at 900"]
    crowded = [replace(sample, connections=10 + 2 * int(sample.second)) for sample in STEADY]
    assert grown(crowded) == ["connections grew from 40 to 128"]


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    plot(STEADY, tmp_path / "pictures" / "soak.png")
    assert (tmp_path / "pictures" / "soak.png").read_bytes().startswith(b"\x89PNG")


async def test_a_few_seconds_of_the_real_thing() -> None:
    """Too short to tell what grows: everything else that a soak promises holds."""
    report, samples = await run_soak(6.0, orders_per_second=2.0, seed=3)
    assert [(found.promise, found.seen) for found in report.violations if found.promise != "bounded"] == []
    assert report.counts["orders"] > 0
    assert report.counts["acknowledged changes"] > report.counts["orders"]
    first, last = samples[0], samples[-1]
    assert last.log_entries > first.log_entries
    assert min(last.memory_mib, last.database_memory_mib, last.database_mib) > 0
