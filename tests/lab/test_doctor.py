"""The doctor reaches the end of its report on any machine, and says what to do."""

from __future__ import annotations

import pytest

from tuilab.lab import doctor, machine


def test_a_machine_that_runs_the_tests_is_well() -> None:
    findings = {finding.what: finding for finding in doctor.examine()}
    expected = "python packages processor blas gpu terminal settings run-folder presets engine"
    assert [what.replace(" ", "-") for what in findings] == expected.split()
    assert [f for f in findings.values() if f.state == "fail"] == []
    assert "steps/s" in findings["engine"].found and "digits" in findings["presets"].found


def test_what_is_missing_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    have = machine.package_version
    monkeypatch.setattr(machine, "package_version", lambda name: None if name == "scipy" else have(name))
    (packages,) = [f for f in doctor.examine() if f.what == "packages"]
    assert packages.state == "fail" and packages.advice == "missing: pip install scipy"


def test_a_check_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise RuntimeError("no such thing\nat all")

    monkeypatch.setattr(machine, "blas", broken)
    findings = list(doctor.examine())
    (blas,) = [f for f in findings if f.what == "blas"]
    assert (blas.state, blas.found) == ("fail", "RuntimeError: no such thing") and findings[-1].what == "engine"
