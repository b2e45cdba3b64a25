"""What no service can use is refused before anything is sent, in words that say what to do; the rest arrives as it is."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

from fix_faults import Edit
from pgazure import BatchError, ConfigurationError, DocumentError, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fix_facade import Facade
    from fix_faults import FaultServer

CUSTOM = {"project_name": "project", "deployment_name": "deployment"}
# Every function that takes texts, with what it takes besides.
FUNCTIONS: dict[str, tuple[tuple[Any, ...], tuple[Any, ...], dict[str, Any]]] = {
    "azure_cognitive.analyze_sentiment": ((), (), {}),
    "azure_cognitive.detect_language": ((), (), {}),
    "azure_cognitive.extract_key_phrases": ((), (), {}),
    "azure_cognitive.linked_entities": ((), (), {}),
    "azure_cognitive.recognize_entities": ((), (), {}),
    "azure_cognitive.recognize_pii_entities": ((), (), {}),
    "azure_cognitive.summarize_abstractive": ((), (), {}),
    "azure_cognitive.summarize_extractive": ((), (), {}),
    "azure_cognitive.translate": ((), ("de",), {}),
    "azure_openai.create_embeddings": (("embedder",), (), {}),
    "azure_ai.generate": ((), (), {}),
    "azure_ai.is_true": ((), (), {}),
    "azure_ai.extract": ((), (["name"],), {}),
    "azure_ai.respond": ((), (), {}),
    "azure_language.analyze_opinions": ((), (), {}),
    "azure_language.classify_multi_label": ((), (), CUSTOM),
    "azure_language.classify_single_label": ((), (), CUSTOM),
    "azure_language.recognize_custom_entities": ((), (), CUSTOM),
    "azure_language.recognize_entities": ((), (), {}),
    "azure_language.recognize_healthcare_entities": ((), (), {}),
    "azure_language.recognize_pii_entities": ((), (), {}),
    "azure_translator.transliterate": ((), ("ja", "Jpan", "Latn"), {}),
}
# Those with a parameter for the texts in one request.
BATCHED = [name for name in FUNCTIONS if not name.startswith("azure_ai.")]
# Those that the server here answers by repeating what it got.
ECHOED = [
    "azure_cognitive.detect_language",
    "azure_cognitive.extract_key_phrases",
    "azure_cognitive.recognize_entities",
    "azure_cognitive.recognize_pii_entities",
    "azure_cognitive.summarize_abstractive",
    "azure_cognitive.translate",
    "azure_openai.create_embeddings",
]


@pytest.fixture
def call(facade: Facade, faults: FaultServer) -> Callable[..., Any]:
    """Call a function by its full name with a text or texts."""
    client = facade.open(faults.endpoint)

    def call(name: str, text: Any, **options: Any) -> Any:
        before, after, more = FUNCTIONS[name]
        return client.of(*name.split("."))(*before, text, *after, **(more | options))

    return call


def test_every_function_of_texts_is_in_the_table() -> None:
    import inspect

    from fix_facade import arguments
    from pgazure import Client

    with Client(**arguments("http://127.0.0.1:9")) as client:
        found = {
            f"{schema}.{name}"
            for schema in vars(client)
            if schema.startswith("azure_")
            for name in dir(getattr(client, schema))
            if not name.startswith("_")
            and {"text", "input", "prompt", "statement", "document"}
            & set(inspect.signature(getattr(getattr(client, schema), name)).parameters)
        }
    assert found - {"azure_ai.generate_stream"} == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
async def test_no_texts_are_no_request_and_no_results(call: Any, faults: FaultServer, name: str) -> None:
    assert await call(name, []) == []
    assert await call(name, ()) == []
    assert await call(name, None) is None
    assert await call(name, [None, None]) == [None, None]
    assert faults.received == []


UNSENDABLE = {"empty": "", "NUL": "hidden\x00word", "half a pair": "hidden\ud800word", "the other": "\udfffhidden"}


@pytest.mark.parametrize("name", FUNCTIONS)
async def test_a_text_that_cannot_be_sent_is_an_error_in_its_place(call: Any, faults: FaultServer, name: str) -> None:
    results = await call(name, [*UNSENDABLE.values(), None], throw_on_error=False)
    assert [type(result) for result in results] == [DocumentError] * len(UNSENDABLE) + [type(None)]
    assert {(result.code, result.retryable) for result in results[:-1]} == {("InvalidDocument", False)}
    assert not any("hidden" in result.message for result in results[:-1])
    with pytest.raises(BatchError) as several:
        await call(name, list(UNSENDABLE.values()))
    assert [result.code for result in several.value.results] == ["InvalidDocument"] * len(UNSENDABLE)
    for text in UNSENDABLE.values():
        with pytest.raises(InvalidRequestError) as one:
            await call(name, text)
        assert "hidden" not in str(one.value)
    assert faults.received == []


WRONG = {
    "bytes": b"hidden",
    "a bytearray": bytearray(b"hidden"),
    "a number": 7,
    "a set": {"hidden"},
    "a dict": {"text": "hidden"},
    "a generator": (text for text in ("hidden",)),
    "a number within": ["a", 7],
    "bytes within": ["a", b"hidden"],
    "lists within": [["a"], ["hidden"]],
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kind", WRONG)
async def test_what_is_no_text_is_a_type_error(call: Any, faults: FaultServer, name: str, kind: str) -> None:
    with pytest.raises(TypeError, match="must be a str") as caught:
        await call(name, WRONG[kind])
    assert "hidden" not in str(caught.value)
    assert faults.received == []


@pytest.mark.parametrize("name", BATCHED)
async def test_numbers_out_of_range_are_named(call: Any, faults: FaultServer, name: str) -> None:
    for option, value in (("batch_size", 0), ("batch_size", -1), ("timeout_ms", 0), ("max_attempts", 0)):
        with pytest.raises(ConfigurationError, match=f"{option} must be at least 1, not {value}"):
            await call(name, ["a"], **{option: value})
    for value in (True, 2.5, "10"):
        with pytest.raises(TypeError, match="batch_size must be a whole number"):
            await call(name, ["a"], batch_size=value)
    with pytest.raises(ConfigurationError, match="retry_delay_ms must be at least 0, not -1"):
        await call(name, ["a"], retry_delay_ms=-1)
    assert faults.received == []


ODD = {
    "an emoji family": "We are 👩‍👩‍👧‍👧 today",
    "decomposed Korean": unicodedata.normalize("NFD", "한글은 아름답다"),
    "right to left": "שלום עולם، مرحبا",
    "marks upon marks": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
    "white space": " \t\n ",
    "beyond the first plane": "𝒜𝓏𝓊𝓇𝑒 𐍈 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "line ends": "a\r\nb\u2028c",
    "quotes and backslashes": "\"'\\u0041</document>{}%s",
}


def find_texts(body: Any) -> list[str]:
    if "analysisInput" in body:
        return [document["text"] for document in body["analysisInput"]["documents"]]
    texts: list[str] = body["input"] if "input" in body else [item["text"] for item in body["inputs"]]
    return texts


@pytest.mark.parametrize("name", ECHOED)
async def test_an_odd_text_arrives_as_it_is_and_its_result_in_its_place(
    call: Any, faults: FaultServer, name: str
) -> None:
    texts = list(ODD.values())
    results = await call(name, [texts[0], None, *texts[1:]])
    assert results.pop(1) is None
    assert sorted(text for request in faults.sent for text in find_texts(request.body)) == sorted(texts)
    for text, result in zip(texts, results, strict=True):
        shown = {
            "azure_cognitive.detect_language": lambda r: r.name,
            "azure_cognitive.extract_key_phrases": lambda r: r[0],
            "azure_cognitive.recognize_entities": lambda r: r[0].text,
            "azure_cognitive.recognize_pii_entities": lambda r: r.entities[0].text,
            "azure_cognitive.summarize_abstractive": lambda r: r[0],
            "azure_cognitive.translate": lambda r: r.translations[0].text.removeprefix("[de] "),
            "azure_openai.create_embeddings": lambda r: r[0],
        }[name](result)
        expected = {"azure_cognitive.detect_language": text[:20], "azure_openai.create_embeddings": len(text)}
        assert shown == expected.get(name, text)


async def test_one_text_is_one_text_and_never_a_list_of_letters(call: Any, faults: FaultServer) -> None:
    for name in ECHOED:
        assert not isinstance(await call(name, "abc"), DocumentError)
    assert [find_texts(request.body) for request in faults.sent] == [["abc"]] * len(ECHOED)


async def test_a_language_the_service_does_not_know_is_an_error_in_place(call: Any, faults: FaultServer) -> None:
    def refuse(answer: Any) -> Any:
        unknown = answer["results"]["documents"].pop(1)["id"]
        inner = {"code": "UnsupportedLanguageCode", "message": "Invalid language code 'tlh'."}
        fault = {"code": "InvalidArgument", "message": "Invalid Language Code.", "innererror": inner}
        answer["results"]["errors"].append({"id": unknown, "error": fault})
        return answer

    faults.posts.append(Edit(refuse))
    results = await call(
        "azure_cognitive.extract_key_phrases", ["a", "b", "c"], language=["en", "tlh", None], throw_on_error=False
    )
    assert (results[0], results[2]) == (["a"], ["c"])
    assert (results[1].code, results[1].request_id) == ("UnsupportedLanguageCode", "request-1")
    with pytest.raises(ConfigurationError, match="2 values for 3 texts"):
        await call("azure_cognitive.extract_key_phrases", ["a", "b", "c"], language=["en", "de"])


async def test_thirty_target_languages_come_back_in_their_order(facade: Facade, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint)
    targets = [f"l{number}" for number in range(30)]
    results = await client.translate(["one", "two"], targets)
    assert [[t.text for t in result.translations] for result in results] == [
        [f"[{target}] {text}" for target in targets] for text in ("one", "two")
    ]
    assert len(faults.sent) == 1
    for wrong in ([], "", ["de", ""]):
        with pytest.raises(ConfigurationError, match="target_language"):
            await client.translate(["one"], wrong)


async def test_many_target_languages_make_smaller_requests(facade: Facade, faults: FaultServer) -> None:
    client = facade.open(faults.endpoint)
    await client.translate(["x" * 1_000] * 4, [f"l{number}" for number in range(30)])
    assert [len(request.body["inputs"]) for request in faults.sent] == [1, 1, 1, 1]


@pytest.mark.parametrize("deployment", ["", "  ", None, 7])
async def test_a_missing_deployment_is_asked_for(facade: Facade, faults: FaultServer, deployment: Any) -> None:
    client = facade.open(faults.endpoint)
    with pytest.raises(ConfigurationError, match="deployment"):
        await client.create_embeddings(deployment, ["a"])
    assert faults.received == []


class Credential:
    """An identity that must not be asked."""

    async def get_token(self, *_: Any, **__: Any) -> Any:
        raise AssertionError

    async def close(self) -> None: ...


@pytest.mark.parametrize("service", ["language", "translator", "openai"])
@pytest.mark.parametrize("key", [None, "a-hidden-key"])
async def test_neither_key_nor_token_travels_over_http(facade: Facade, service: str, key: str | None) -> None:
    nothing = {f"{name}_{what}": None for name in ("language", "translator", "openai") for what in ("endpoint", "key")}
    own = {f"{service}_endpoint": "http://azure.example", f"{service}_key": key}
    name, arguments = {
        "language": ("analyze_sentiment", ("a",)),
        "translator": ("translate", ("a", "de")),
        "openai": ("create_embeddings", ("embedder", "a")),
    }[service]

    async def attempt() -> None:
        client = facade.open("", **(nothing | own), credential=None if key else Credential())
        await getattr(client, name)(*arguments)

    with pytest.raises(ConfigurationError, match="must start with https://") as caught:
        await attempt()
    assert "hidden" not in str(caught.value)
