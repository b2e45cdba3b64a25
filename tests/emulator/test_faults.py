"""Faults as they are ordered: three spellings of one model, and when each strikes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pgazure.emulator.faults.kinds import KINDS, load_faults, read_fault, read_faults
from pgazure.emulator.faults.orders import Orders

if TYPE_CHECKING:
    from pathlib import Path

NAMES = frozenset({"embeddings", "openai", "text-embedding-3-small"})


def strikes(fault: str, requests: int = 12, names: frozenset[str] = NAMES) -> list[int]:
    """Which of a row of requests a fault strikes, counted from one."""
    orders = Orders()
    orders.place([read_fault(fault)])
    return [number + 1 for number in range(requests) if orders.meet(names)]


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        ("reset nth=3", [3]),
        ("reset nth=2,5", [2, 5]),
        ("reset every=4", [4, 8, 12]),
        ("reset every=4 times=2", [4, 8]),
        ("reset times=2", [1, 2]),
        ("reset operation=Embeddings times=1", [1]),
        ("reset operation=openai times=1", [1]),
        ("reset operation=Translate,OpenAI times=1", [1]),
        ("reset operation=text-embedding-3-small times=1", [1]),
        ("reset operation=Translate", []),
        ("reset share=1", list(range(1, 13))),
    ],
)
def test_a_fault_strikes_when_it_is_told_to(fault: str, struck: list[int]) -> None:
    assert strikes(fault) == struck


def test_a_share_is_as_large_as_it_says_and_the_same_each_time() -> None:
    first = strikes("reset share=0.3 seed=7", 2_000)
    assert len(first) == pytest.approx(600, rel=0.1)
    assert strikes("reset share=0.3 seed=7", 2_000) == first
    assert strikes("reset share=0.3 seed=8", 2_000) != first


def test_each_fault_counts_for_itself() -> None:
    orders = Orders()
    orders.place([read_fault("reset nth=2"), read_fault("nan every=3 operation=Embeddings")])
    met = [[one.fault.kind for one in orders.meet(NAMES)] for _ in range(6)]
    assert met == [[], ["reset"], ["nan"], [], [], ["nan"]]
    assert [(one["seen"], one["struck"]) for one in orders.describe()] == [(6, 1), (6, 2)]


def test_a_reset_brings_back_the_faults_of_the_start_and_counts_anew() -> None:
    orders = Orders()
    orders.place([read_fault("reset nth=1")], permanent=True)
    orders.place([read_fault("nan")])
    orders.meet(NAMES)
    orders.reset()
    assert [(one["kind"], one["seen"]) for one in orders.describe()] == [("reset", 0)]
    assert [one.fault.kind for one in orders.meet(NAMES)] == ["reset"]
    orders.clear()
    assert orders.describe() == []


def test_the_three_spellings_mean_the_same(tmp_path: Path) -> None:
    wanted = read_fault("error status=429 every=3 operation=Embeddings,Translate retry_after=2m")
    told = {
        "kind": "error",
        "status": 429,
        "every": 3,
        "operation": ["Embeddings", "Translate"],
        "retry_after": 120,
    }
    toml = tmp_path / "faults.toml"
    toml.write_text(
        '[[fault]]\nkind = "error"\nstatus = 429\nevery = 3\n'
        'operation = ["Embeddings", "Translate"]\nretry_after = "2m"\n'
    )
    as_json = tmp_path / "faults.json"
    as_json.write_text(json.dumps({"fault": [told]}))
    assert read_faults(told) == read_faults([told]) == load_faults(toml) == load_faults(as_json) == [wanted]


def test_values_with_blanks_and_json_are_read_from_a_line() -> None:
    fault: Any = read_fault("""error status=418 body='{"a": [1]}' headers='{"x-why": "tea pot"}'""")
    assert (fault.body, fault.headers) == ({"a": [1]}, {"x-why": "tea pot"})
    fault = read_fault("content_filter pattern='(bad|worse) [a-z]+'")
    assert fault.pattern == "(bad|worse) [a-z]+"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("mistake status=429", "the kind is one of latency, quota, error"),
        ("", "the kind is one of"),
        ("error status=200", "status: Input should be greater than or equal to 400"),
        ("error code=429", "code: there is no such setting: error has bare, body, every"),
        ("reset every=2 share=0.1", "choose one of nth, every and share"),
        ("reset share=2", "share"),
        ("reset nth=0", "nth"),
        ("latency seconds=soon", "not a duration"),
        ("latency seconds=-1", "not a duration"),
        ("quota operation=Embeddings", "rpm or tpm"),
        ("nan nth", "'nth' has no value"),
        ("nan operation='x", "quotation mark"),
        ("content_filter pattern=(", "no regular expression"),
        ('error headers=\'{"a b": "c"}\'', "no header that can be sent"),
        ({"status": 429}, "a fault has a kind"),
        ([7], "a fault is an object"),
        ({"fault": ["nan", "nan x=1"]}, "fault 2: x: there is no such setting"),
    ],
)
def test_what_is_no_fault_gets_a_clear_error(given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=r"fault") as wrong:
        read_faults(given)
    assert words in str(wrong.value)
    assert "pydantic" not in str(wrong.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.toml cannot be read: No such file"):
        load_faults(tmp_path / "nowhere.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[[fault]\n")
    with pytest.raises(ValueError, match=r"broken\.toml is neither TOML nor JSON"):
        load_faults(broken)
    broken.write_text('[[fault]]\nkind = "error"\nstatus = 42\n')
    with pytest.raises(ValueError, match=r"broken\.toml: fault: status"):
        load_faults(broken)


def test_every_setting_of_every_kind_is_described() -> None:
    silent = [
        f"{kind.name()} {name}"
        for kind in KINDS
        for name, field in kind.model_fields.items()
        if name != "kind" and not field.description
    ]
    assert silent == []
    assert all(kind.__doc__ for kind in KINDS)
