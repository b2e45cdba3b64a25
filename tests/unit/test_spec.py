"""A specification is right, or says what is wrong with it; its spellings agree."""

from __future__ import annotations

import json
import tomllib

import pytest

import pgazure.pipeline as pl
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.specification.spec import Budget, PipelineSpec, read_spec

SOURCE = pl.table_source("public.reviews", text="{title}\n{body}")
PICKED = pl.table_source(
    "public.reviews",
    text="{title}\n{body}",
    where=["published", ("stars", "<=", 2), ("city", "in", ["Rome", "Bern"]), ("deleted_at", "is null")],
)
SCHEMA = {"name": "reply", "schema": {"type": "object", "properties": {"reply": {"type": "string"}}}}


def make(*steps, **more) -> PipelineSpec:
    return pl.Pipeline("reviews", source=SOURCE, steps=list(steps), **more)


BUILT = pl.Pipeline(
    "reviews",
    source=PICKED,
    steps=[
        pl.detect_language(),
        pl.analyze_sentiment(language="en"),
        pl.recognize_pii_entities(domain="phi", name="redact"),
        pl.translate(["es", "de"], profanity_action="Marked"),
        pl.translate("fr", name="to_french", table="reviews_french"),
        pl.summarize_extractive(sentence_count=2, sort_by="rank"),
        pl.chunk(method="markdown", chunk_size=256, overlap=32),
        pl.embed("text-embedding-3-large", dimensions=512, input="redacted_text"),
        pl.linked_entities(),
        pl.transliterate("ja", "Jpan", "Latn"),
        pl.analyze_opinions(language="en"),
        pl.recognize_healthcare_entities(),
        pl.recognize_custom_entities("project", "production"),
        pl.classify_single_label("project", "production"),
        pl.classify_multi_label("project", "production"),
        pl.generate("Answer {stars} stars: {input}", json_schema=SCHEMA, input="redacted_text"),
        pl.extract(["product", "defect: string - what broke"], model="gpt-4o"),
        pl.is_true("Good: {input}"),
        pl.rank("noise at night"),
        pl.invoke({"input_data": ["{input}", 3, None]}, deployment_name="blue"),
        pl.call("shop.tone:measure", returns={"tone": "text", "score": "double precision"}, version="2"),
    ],
    trigger="on_change",
    budget="5 USD/day",
)

SPELLED = """
[pipelines.reviews]
trigger = "on_change"
budget = "5 USD/day"

[pipelines.reviews.source]
table = "public.reviews"
text = "{title}\\n{body}"
where = [
  "published",
  ["stars", "<=", 2],
  { column = "city", op = "in", value = ["Rome", "Bern"] },
  ["deleted_at", "IS NULL"],
]

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
chunk = { method = "markdown", chunk_size = 256, overlap = 32 }

[[pipelines.reviews.steps]]
embed = { model = "text-embedding-3-large", dimensions = 512, input = "redacted_text" }

[[pipelines.reviews.steps]]
linked_entities = {}

[[pipelines.reviews.steps]]
transliterate = { language = "ja", from_script = "Jpan", to_script = "Latn" }

[[pipelines.reviews.steps]]
analyze_opinions = { language = "en" }

[[pipelines.reviews.steps]]
recognize_healthcare_entities = {}

[[pipelines.reviews.steps]]
recognize_custom_entities = { project_name = "project", deployment_name = "production" }

[[pipelines.reviews.steps]]
classify_single_label = { project_name = "project", deployment_name = "production" }

[[pipelines.reviews.steps]]
classify_multi_label = { project_name = "project", deployment_name = "production" }

[[pipelines.reviews.steps]]
generate.prompt = "Answer {stars} stars: {input}"
generate.input = "redacted_text"
generate.json_schema = { name = "reply", schema = { type = "object", properties = { reply = { type = "string" } } } }

[[pipelines.reviews.steps]]
extract = { data = ["product", "defect: string - what broke"], model = "gpt-4o" }

[[pipelines.reviews.steps]]
is_true = { statement = "Good: {input}" }

[[pipelines.reviews.steps]]
rank = { query = "noise at night" }

[[pipelines.reviews.steps]]
# TOML knows no null, so the body is spelled as JSON.
invoke = { input_data = '{"input_data": ["{input}", 3, null]}', deployment_name = "blue" }

[[pipelines.reviews.steps]]
call = { function = "shop.tone:measure", returns = { tone = "text", score = "double precision" }, version = "2" }
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
    # What is made of chunks is not chunked once more.
    redacted = pl.recognize_pii_entities(input="chunk_text")
    chunked = make(pl.chunk(), redacted, pl.embed("text-embedding-3-small", input="redacted_text"))
    assert [chunked.input_of(step) for step in chunked.steps] == ["text", "chunk_text", "redacted_text"]
    assert [chunked.reads_chunks(step) for step in chunked.steps] == [False, True, True]
    assert [spec.reads_chunks(step) for step in spec.steps] == [False, False, True]
    assert [alone.reads_chunks(step) for step in alone.steps] == [False, False]


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
        ([pl.analyze_sentiment(input="chunk_text")], "needs exactly one chunk step"),
        ([pl.chunk(), pl.detect_language(input="chunk_text")], "cannot read chunk_text.*a row has one language"),
        ([pl.chunk(), pl.generate("{stars}", input="chunk_text")], "put {input} where the chunk is to stand"),
        ([pl.chunk(), pl.invoke(["{stars}"], input="chunk_text")], "put {input} where the chunk is to stand"),
        (
            [pl.chunk(), pl.call("m:f", returns={"chunk_index": "integer"}, input="chunk_text")],
            "column chunk_index holds their numbers",
        ),
        (
            [pl.chunk(input="redacted_text"), pl.recognize_pii_entities(input="chunk_text")],
            "chunk cannot read redacted_text, which is of chunks",
        ),
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
            lambda: make(pl.chunk(), trigger="sometimes"),
            "trigger 'sometimes'",
        ),
        (lambda: make(pl.chunk(), budget="5 EUR"), "budget '5 EUR': write an amount and a period"),
        (lambda: make(pl.chunk(), budget="5 USD/month"), "budget"),
        (lambda: make(pl.chunk(), budget={"day": 5}), "budget: write it as text, such as '5 USD/day', not as dict"),
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
        ({"source": {"table": "t", "text": "b", "when": "x"}, "steps": [{"chunk": {}}]}, "source.when: Extra inputs"),
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


def test_budgets_may_stand_in_a_list() -> None:
    one = make(pl.chunk(), budget="2 USD/run, 5 USD/day")
    assert make(pl.chunk(), budget=["2 USD/run", "5 USD/day"]).budget == one.budget
    assert make(pl.chunk(), budget=[]).budget == ()


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


def test_the_columns_that_are_read_are_those_of_the_template_of_the_steps_and_of_the_conditions() -> None:
    assert BUILT.columns == ("title", "body", "stars", "published", "city", "deleted_at")
    assert BUILT.render(["Nice", None, "5", "true", "Rome", None]) == "Nice\n"
    assert BUILT.render([" ", None, "5", "true", "Rome", None]) is None


def test_a_template_of_a_step_is_filled_once_for_each_text_that_it_reads() -> None:
    values = ["Nice", "A flat.", "5", "true", "Rome", None]
    by_title = {step.title: step for step in BUILT.steps}

    def compose(title: str, *inputs: str) -> list[str]:
        return list(BUILT.compose(by_title[title], dict(enumerate(inputs)), values).values())

    assert compose("generate", "one", "two") == ["Answer 5 stars: one", "Answer 5 stars: two"]
    assert compose("generate") == []
    assert compose("is_true", "it is {so}") == ["Good: it is {so}"]
    assert compose("invoke", 'a "b"') == ['{"input_data": ["a \\"b\\"", 3, null]}']
    assert compose("analyze_opinions", "one") == ["one"]
    alone = make(pl.generate("Rate {stars}"))
    assert alone.compose(alone.steps[0], {}, ["", "", "5"]) == {0: "Rate 5"}
    assert alone.compose(alone.steps[0], {0: "one"}, ["", "", None]) == {}


def test_what_decides_a_result_decides_its_hash_and_nothing_else_does() -> None:
    def same(one, other) -> bool:
        return one.signature == other.signature

    assert same(pl.generate("{input}"), pl.generate("{input}!"))
    assert not same(pl.generate(), pl.generate(system_prompt="Be kind."))
    assert not same(pl.generate(), pl.generate(model="gpt-4o"))
    assert not same(pl.generate(), pl.generate(json_schema=SCHEMA))
    assert not same(pl.rank("a"), pl.rank("b"))
    assert not same(pl.extract("a"), pl.extract("b"))
    assert not same(pl.classify_single_label("p", "a"), pl.classify_single_label("p", "b"))
    called = {"function": "m:f", "returns": {"a": "text"}}
    assert same(pl.call(**called), pl.call(**called, concurrency=3))
    assert not same(pl.call(**called), pl.call(**called, version="2"))
    assert not same(pl.call(**called), pl.call("m:f", returns={"a": "integer"}))


def test_a_text_that_a_step_does_not_give_cannot_be_read() -> None:
    with pytest.raises(InvalidSpecError, match="generate has a json_schema, so it gives no generated_text"):
        make(pl.generate(json_schema=SCHEMA), pl.analyze_sentiment(input="generated_text"))
    assert make(pl.generate(), pl.analyze_sentiment(input="generated_text")).dependencies["analyze_sentiment"]
