"""A specification is right, or says what is wrong with it; its spellings agree."""

from __future__ import annotations

import json
import tomllib

import pytest

import pgazure.pipeline as pl
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.spec import Budget, PipelineSpec, read_spec

SOURCE = pl.table_source("public.reviews", text="{title}\n{body}")


def make(*steps, **more) -> PipelineSpec:
    return pl.Pipeline("reviews", source=SOURCE, steps=list(steps), **more)


BUILT = pl.Pipeline(
    "reviews",
    source=SOURCE,
    steps=[
        pl.detect_language(),
        pl.analyze_sentiment(language="en"),
        pl.recognize_pii_entities(domain="phi", name="redact"),
        pl.translate(["es", "de"], profanity_action="Marked"),
        pl.translate("fr", name="to_french", table="reviews_french"),
        pl.summarize_extractive(sentence_count=2, sort_by="rank"),
        pl.chunk(chunk_size=256, overlap=32),
        pl.embed("text-embedding-3-large", dimensions=512, input="redacted_text"),
    ],
    trigger="on_change",
    budget="5 USD/day",
)

SPELLED = """
[pipelines.reviews]
source = { table = "public.reviews", text = "{title}\\n{body}" }
trigger = "on_change"
budget = "5 USD/day"

[[pipelines.reviews.steps]]
detect_language = {}

[[pipelines.reviews.steps]]
analyze_sentiment = { language = "en" }

[[pipelines.reviews.steps]]
recognize_pii_entities = { domain = "phi", name = "redact" }

[[pipelines.reviews.steps]]
translate = { target_language = ["es", "de"], profanity_action = "Marked" }

[[pipelines.reviews.steps]]
translate = { target_language = "fr", name = "to_french", table = "reviews_french" }

[[pipelines.reviews.steps]]
summarize_extractive = { sentence_count = 2, sort_by = "rank" }

[[pipelines.reviews.steps]]
chunk = { chunk_size = 256, overlap = 32 }

[[pipelines.reviews.steps]]
embed = { model = "text-embedding-3-large", dimensions = 512, input = "redacted_text" }
"""


def test_builders_toml_and_what_the_database_keeps_give_the_same_specification(tmp_path) -> None:
    file = tmp_path / "pgazure.toml"
    file.write_text(SPELLED, encoding="utf-8")
    (from_file,) = pl.read_file(file).pipelines
    assert from_file == BUILT
    assert read_spec("reviews", json.loads(json.dumps(BUILT.to_json()))) == BUILT
    assert read_spec("reviews", tomllib.loads(SPELLED)["pipelines"]["reviews"]) == BUILT


def test_steps_run_after_those_they_read_whatever_order_they_are_written_in() -> None:
    spec = make(
        pl.embed("text-embedding-3-small", input="redacted_text"),
        pl.chunk(),
        pl.analyze_sentiment(),
        pl.recognize_pii_entities(),
        pl.translate("de"),
        pl.detect_language(),
    )
    assert [[step.title for step in stage] for stage in spec.stages] == [
        ["translate", "detect_language"],
        ["analyze_sentiment", "recognize_pii_entities"],
        ["chunk"],
        ["embed"],
    ]


def test_what_an_embed_step_names_is_what_gets_chunked() -> None:
    steps = [pl.recognize_pii_entities(), pl.chunk(), pl.embed("text-embedding-3-small", input="redacted_text")]
    spec = make(*steps)
    assert [spec.input_of(step) for step in spec.steps] == ["text", "redacted_text", "chunk_text"]
    alone = make(pl.recognize_pii_entities(), pl.embed("text-embedding-3-small", input="redacted_text"))
    assert alone.input_of(alone.steps[1]) == "redacted_text"


def test_a_step_with_a_language_of_its_own_does_not_wait_for_it_to_be_found() -> None:
    spec = make(pl.detect_language(), pl.analyze_sentiment(language="en"))
    assert spec.dependencies["analyze_sentiment"] == set()


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ([], "steps"),
        ([pl.chunk(), pl.chunk(name="other", table="x")], "at most one chunk step"),
        ([pl.detect_language(), pl.detect_language(name="b", table="x")], "at most one detect_language step"),
        ([pl.analyze_sentiment(), pl.analyze_sentiment()], "two steps are named analyze_sentiment"),
        ([pl.analyze_sentiment(), pl.analyze_sentiment(name="b")], "two steps write to reviews_sentiment: .*table = "),
        ([pl.embed("m", dimensions=3, input="redacted_text")], "needs exactly one recognize_pii_entities step"),
        ([pl.translate("de", input="extractive_summary")], "needs exactly one summarize_extractive step"),
        ([pl.analyze_sentiment(input="summary")], "reads 'summary'; it can read text, abstractive_summary"),
        ([pl.analyze_sentiment(input="language"), pl.detect_language()], "reads 'language'; it can read text"),
        ([pl.chunk(), pl.analyze_sentiment(input="chunk_text")], "only embed works on chunks"),
        (
            [
                pl.summarize_extractive(input="abstractive_summary"),
                pl.summarize_abstractive(input="extractive_summary"),
            ],
            "steps read each other in a circle: .*summarize_abstractive",
        ),
        ([pl.recognize_pii_entities(input="redacted_text")], "circle"),
        ([pl.detect_language(input="redacted_text"), pl.recognize_pii_entities()], "circle"),
        (
            [
                pl.recognize_pii_entities(),
                pl.summarize_extractive(),
                pl.chunk(),
                pl.embed("m", dimensions=3, input="redacted_text"),
                pl.embed("m", dimensions=3, input="extractive_summary", name="b", table="b"),
            ],
            "name different inputs: say on chunk",
        ),
    ],
)
def test_steps_that_do_not_fit_together_are_refused(steps: list, complaint: str) -> None:
    with pytest.raises(InvalidSpecError, match=complaint):
        make(*steps)


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: pl.translate([]), "target_language"),
        (lambda: pl.translate(["de", "de"]), "each target language once"),
        (lambda: pl.translate(["de", " "]), "each target language once"),
        (lambda: pl.translate("de", text_type="Markdown"), "text_type: Input should be 'Plain' or 'Html'"),
        (lambda: pl.summarize_extractive(sentence_count=0), "sentence_count"),
        (lambda: pl.summarize_extractive(sentence_count=21), "sentence_count"),
        (lambda: pl.summarize_extractive(sort_by="length"), "sort_by"),
        (lambda: pl.recognize_pii_entities(domain="all"), "domain"),
        (lambda: pl.chunk(chunk_size=8), "chunk_size"),
        (lambda: pl.chunk(chunk_size=64, overlap=64), "overlap must be smaller than chunk_size"),
        (lambda: pl.chunk(overlap=-1), "overlap"),
        (lambda: pl.embed("mine"), "dimensions of deployment 'mine' are not known: write dimensions"),
        (lambda: pl.embed(""), "model"),
        (lambda: pl.embed("m", dimensions=0), "dimensions"),
        (lambda: pl.embed("m", dimensions=16_001), "dimensions"),
        (lambda: pl.analyze_sentiment(name="Two Words"), "step name 'Two Words': use a lower-case letter"),
        (lambda: pl.analyze_sentiment(table="x" * 41), "result table .*40 at most"),
        (lambda: pl.table_source("", text="body"), "table"),
        (lambda: pl.table_source("t", text="{"), "double a brace"),
        (
            lambda: make(pl.chunk(), trigger="0 * * * *"),
            "trigger '0 \\* \\* \\* \\*': write 'manual' or 'on_change'.*cron",
        ),
        (lambda: make(pl.chunk(), budget="5 EUR"), "budget '5 EUR': write an amount and a period"),
        (lambda: make(pl.chunk(), budget="5 USD/month"), "budget"),
        (lambda: pl.Pipeline("Reviews!", source=SOURCE, steps=[pl.chunk()]), "pipeline name 'Reviews!'"),
        (lambda: pl.Pipeline("r" * 41, source=SOURCE, steps=[pl.chunk()]), "40 at most"),
    ],
)
def test_arguments_that_cannot_be_are_refused_with_what_can(build, complaint: str) -> None:
    with pytest.raises(InvalidSpecError, match=complaint):
        build()


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("no", "expected a table with source and steps"),
        ({}, "source: Field required"),
        ({"source": {"table": "t", "text": "b"}}, "steps: Field required"),
        ({"source": {"table": "t", "text": "b"}, "steps": "chunk"}, "steps must be a list"),
        ({"source": {"table": "t", "text": "b"}, "steps": ["chunk"]}, "step 1 must be one table with one operation"),
        ({"source": {"table": "t", "text": "b"}, "steps": [{"chunk": {}, "embed": {}}]}, "step 1 must be one table"),
        ({"source": {"table": "t", "text": "b"}, "steps": [{"chunk": {}}, {"embedd": {}}]}, "step 2: there is no operation 'embedd'; there are: detect_language"),
        ({"source": {"table": "t", "text": "b"}, "steps": [{"embed": {"modle": "m"}}]}, r"step 1 \(embed\): .*modle: Extra inputs"),
        ({"source": {"table": "t", "text": "b"}, "steps": [{"embed": {"model": "m", "dimensions": "many"}}]}, "dimensions"),
        ({"source": {"table": "t", "text": "b", "where": "x"}, "steps": [{"chunk": {}}]}, "source.where: Extra inputs"),
        ({"source": {"table": "t", "text": "b"}, "steps": [{"chunk": {}}], "buget": "1"}, "buget: Extra inputs"),
        ({"source": {"table": "t", "text": "b"}, "steps": [{"chunk": 3}]}, r"step 1 \(chunk\)"),
        ({"source": {"table": 3, "text": "b"}, "steps": [{"chunk": {}}]}, "source.table"),
    ],
)  # fmt: skip
def test_a_spelling_that_is_wrong_is_refused_with_where_it_is(body, complaint: str) -> None:
    with pytest.raises(InvalidSpecError, match=complaint) as caught:
        read_spec("reviews", body)
    assert str(caught.value).startswith("pipeline reviews: ")
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "describes no pipeline"),
        ("[pipelines]\n", "describes no pipeline"),
        ("pipelines = 3\n", "describes no pipeline"),
        ("[pipelines.a", "is not valid TOML"),
        ("[tables.a]\n", "there is no table tables; there are: pipelines, prices"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_name(tmp_path, text: str, complaint: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSpecError, match=complaint) as caught:
        pl.read_file(file)
    assert "mine.toml" in str(caught.value)


def test_a_file_that_is_missing_or_in_another_encoding_is_refused_with_its_name(tmp_path) -> None:
    with pytest.raises(InvalidSpecError, match=r"cannot read .*gone\.toml: No such file"):
        pl.read_file(tmp_path / "gone.toml")
    (tmp_path / "latin.toml").write_bytes("[pipelines.ä]".encode("latin-1"))
    with pytest.raises(InvalidSpecError, match=r"latin\.toml is not valid TOML"):
        pl.read_file(tmp_path / "latin.toml")


@pytest.mark.parametrize(("text", "spelled"), [("5 USD/day", "5 USD/day"), (" 0.50 USD/run ", "0.50 USD/run")])
def test_a_budget_is_written_as_it_was_read(text: str, spelled: str) -> None:
    assert str(Budget.parse(text)) == spelled


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pl.summarize_extractive(sentence_count=2), pl.summarize_extractive(sentence_count=3)),
        (pl.embed("m", dimensions=3), pl.embed("n", dimensions=3)),
        (pl.embed("m", dimensions=3), pl.embed("m", dimensions=4)),
        (pl.recognize_pii_entities(), pl.recognize_pii_entities(domain="phi")),
        (pl.translate("de"), pl.translate("de", source_language="en")),
        (pl.analyze_sentiment(), pl.extract_key_phrases()),
    ],
)
def test_what_decides_a_result_decides_the_signature(one, other) -> None:
    assert one.signature != other.signature


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pl.translate("de"), pl.translate(["de", "fr"])),
        (pl.analyze_sentiment(), pl.analyze_sentiment(name="again", table="again")),
        (pl.embed("m", dimensions=3), pl.embed("m", dimensions=3, input="redacted_text")),
    ],
)
def test_what_does_not_decide_a_result_leaves_the_signature(one, other) -> None:
    assert one.signature == other.signature
