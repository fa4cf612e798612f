"""The bench measures a real system, small here, and says what it measured."""

import pytest

from deploy.bench import PARTS, Plan, run, show

SMALL = Plan(accept=200, dispatch=150, tag=100, route=400, simulate=400, clocks=5000, ripe=1500)


@pytest.mark.timeout(300)
async def test_every_part_is_measured_beside_its_baseline() -> None:
    """Each part gives a rate and its ratio to a raw baseline of the same run."""
    results = await run(PARTS, SMALL)
    assert list(results) == list(PARTS)
    for figures in results.values():
        assert float(figures["per_s"]) > 0
        assert any(name.startswith("ratio_to_bare") for name in figures)
    tagged = results["tag"]
    assert 0 < float(tagged["p50_ms_alone"]) <= float(tagged["p95_ms_alone"])
    assert 20 < float(tagged["peak_mb"]) < 2000
    assert "torch" in str(tagged["bert"]) or float(tagged["ratio_to_bert"]) > 0
    dispatched, review = results["dispatch"]["dispatched"], results["dispatch"]["review"]
    assert int(dispatched) + int(review) == 150
    assert int(dispatched) > 0
    assert int(results["route"]["cases"]) == 400
    assert 0 < int(results["simulate"]["changed"]) < 400
    assert int(results["sweep"]["open_clocks"]) == 5000
    assert float(results["sweep"]["recounted_per_s"]) > 0
    assert "accept" in show(results)
