"""Azure AI Translator: the official clients work unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.ai.translation.text.models import TranslateInputItem, TranslationTarget
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from emulator import clients

if TYPE_CHECKING:
    from fix_emulator import MakeEmulator
    from pgazure.emulator import Emulator


def post(server: Emulator, body: Any, path: str = "/translate", version: str = "2026-06-06") -> requests.Response:
    url = f"{server.endpoint}{path}?api-version={version}"
    return requests.post(url, json=body, headers={"Ocp-Apim-Subscription-Key": server.key}, timeout=30)


def test_results_stand_in_the_order_of_texts_and_targets(emulator: Emulator) -> None:
    with clients.translator(emulator) as client:
        first, second = client.translate(["This is a test.", "Guten Morgen"], to_language=["es", "zh-cn", "fr"])
    assert [one.language for one in first.translations] == ["es", "zh-Hans", "fr"]
    assert [one.text for one in second.translations] == [
        "[es] Guten Morgen",
        "[zh-Hans] Guten Morgen",
        "[fr] Guten Morgen",
    ]
    assert {one.source_characters for one in first.translations} == {15}
    assert (first.detected_language.language, second.detected_language.language) == ("en", "de")


async def test_the_asynchronous_client_gets_translations(emulator: Emulator) -> None:
    async with clients.async_translator(emulator) as client:
        (result,) = await client.translate(["Hello"], to_language=["it"], from_language="en")
    assert result.detected_language is None
    assert result.translations[0].text == "[it] Hello"


def test_numbers_placeholders_and_tags_come_through(emulator: Emulator) -> None:
    text = '<p class="a">Pay {amount} by 3:45 &amp; call <b translate="no">%s</b></p>'
    item = TranslateInputItem(text=text, text_type="Html", language="en", targets=[TranslationTarget(language="de")])
    with clients.translator(emulator) as client:
        (result,) = client.translate([item])
    assert result.translations[0].text == text.replace("Pay", "[de] Pay")


def test_a_text_in_the_target_language_stays_as_it_is(emulator: Emulator) -> None:
    with clients.translator(emulator) as client:
        (result,) = client.translate(["Das ist ein Test."], to_language=["de"])
    assert result.translations[0].text == "Das ist ein Test."


def test_characters_are_metered_for_each_target(emulator: Emulator) -> None:
    body = {"inputs": [{"text": "This is a test.", "targets": [{"language": code} for code in ("cs", "es", "de")]}]}
    answer = post(emulator, body)
    assert answer.headers["sourcecharacterscharged"] == "45"
    assert answer.headers["x-mt-system"] == "Microsoft"
    assert answer.headers["x-requestid"]


@pytest.mark.parametrize("path", ["/translate", "/translator/text/translate", "/translator/text/v2026-06-06/translate"])
def test_every_path_of_the_service_is_answered(emulator: Emulator, path: str) -> None:
    body = {"inputs": [{"text": "Hi", "targets": [{"language": "es"}]}]}
    answer = post(emulator, body, path)
    assert answer.status_code == 200
    assert ("apim-request-id" in answer.headers) == path.startswith("/translator")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], 400074),
        ({"inputs": []}, 400005),
        ({"inputs": [{"text": 3, "targets": [{"language": "es"}]}]}, 400005),
        ({"inputs": [{"text": "x"}]}, 400036),
        ({"inputs": [{"text": "x", "targets": [{"language": "klingonese"}]}]}, 400036),
        ({"inputs": [{"text": "x", "language": "qq", "targets": [{"language": "es"}]}]}, 400035),
        ({"inputs": [{"text": "x", "textType": "Rtf", "targets": [{"language": "es"}]}]}, 400071),
        ({"inputs": [{"text": "x" * 50_001, "targets": [{"language": "es"}]}]}, 400050),
        ({"inputs": [{"text": "x" * 25_001, "targets": [{"language": "es"}, {"language": "de"}]}]}, 400077),
        ({"inputs": [{"text": "x", "targets": [{"language": "es"}]}] * 1001}, 400072),
        ("text", 400074),
        ({"inputs": None}, 400074),
        ({"inputs": {"text": "x"}}, 400074),
        ({"inputs": [None]}, 400020),
        ({"inputs": ["x"]}, 400020),
        ({"inputs": [{"text": None, "targets": [{"language": "es"}]}]}, 400005),
        ({"inputs": [{"text": "x", "targets": []}]}, 400036),
        ({"inputs": [{"text": "x", "targets": {"language": "es"}}]}, 400036),
        ({"inputs": [{"text": "x", "targets": [{"language": 3}]}]}, 400036),
        ({"inputs": [{"text": "x", "targets": [{"language": "es", "script": "Cyrl"}]}]}, 400004),
        ({"inputs": [{"text": "x", "targets": [{"language": "es", "script": 3}]}]}, 400004),
        ({"inputs": [{"text": "x", "script": "Latn", "targets": [{"language": "es"}]}]}, 400006),
        ({"inputs": [{"text": "x", "language": "ru", "script": "Thai", "targets": [{"language": "es"}]}]}, 400018),
        ({"inputs": [{"text": "x", "targets": [{"language": "es", "profanityAction": "Shout"}]}]}, 400042),
        ({"inputs": [{"text": "x", "targets": [{"language": "es", "profanityMarker": 1}]}]}, 400042),
        ({"inputs": [{"text": "x", "targets": [{"language": "es", "tone": "rude"}]}]}, 400042),
        ({"inputs": [{"text": "x", "targets": [{"language": "es", "gender": ["male"]}]}]}, 400042),
        ({"inputs": [{"text": "x", "targets": [{"language": "es", "deploymentName": {}}]}]}, 400042),
        ({"inputs": [{"text": "x", "targets": [{"language": "es", "deploymentName": "a\nb"}]}]}, 400042),
        ({"inputs": [{"text": "x", "targets": [{"language": "es", "deploymentName": "模型"}]}]}, 400042),
        ({"inputs": [{"text": "x", "targets": [{"language": "es", "allowFallback": "maybe"}]}]}, 400042),
        ({"inputs": [{"text": "x", "targets": [{"language": "es", "referenceTextPairs": [{"source": "a"}]}]}]}, 400042),
        (
            {
                "inputs": [
                    {
                        "text": "x",
                        "targets": [{"language": "es", "referenceTextPairs": [{"source": "a", "target": "b"}] * 6}],
                    }
                ]
            },
            400042,
        ),
    ],
)
def test_errors_have_a_number_as_code(emulator: Emulator, body: Any, code: int) -> None:
    answer = post(emulator, body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.json()["error"]["code"] == code


def test_the_largest_request_is_answered(emulator: Emulator) -> None:
    body = {"inputs": [{"text": "x" * 25_000, "targets": [{"language": "es"}, {"language": "de"}]}]}
    assert post(emulator, body).status_code == 200
    assert post(emulator, {"inputs": [{"text": "x", "targets": [{"language": "es"}]}] * 1000}).status_code == 200


@pytest.mark.parametrize("version", ["", "2.0", "2030-01-01"])
def test_an_unknown_version_of_the_api_is_refused(emulator: Emulator, version: str) -> None:
    body = {"inputs": [{"text": "Hi", "targets": [{"language": "es"}]}]}
    answer = post(emulator, body, version=version)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 400021)


def test_the_path_of_a_custom_domain_says_the_version_too(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/translator/text/v3.0/translate?to=es"
    answer = requests.post(url, json=[{"text": "Hi"}], headers={"Ocp-Apim-Subscription-Key": emulator.key}, timeout=30)
    assert answer.json()[0]["translations"] == [{"text": "[es] Hi", "to": "es"}]


def test_an_endpoint_that_names_cognitive_services_is_a_custom_domain(emulator: Emulator) -> None:
    # The SDK tells by the address which paths to use.
    with clients.translator(emulator, endpoint=f"{emulator.endpoint}/cognitiveservices") as client:
        (result,) = client.translate(["Hello"], to_language=["es"], from_language="en")
    assert result.translations[0].text == "[es] Hello"


def test_a_token_of_the_token_service_opens_the_door(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/sts/v1.0/issueToken"
    assert requests.post(url, timeout=30).status_code == 401
    issued = requests.post(url, headers={"Ocp-Apim-Subscription-Key": emulator.key}, timeout=30)
    assert issued.headers["Content-Type"] == "application/jwt; charset=us-ascii"
    body = {"inputs": [{"text": "Hi", "targets": [{"language": "es"}]}]}
    headers = {"Authorization": f"Bearer {issued.text}"}
    url = f"{emulator.endpoint}/translate?api-version=2026-06-06"
    assert requests.post(url, json=body, headers=headers, timeout=30).status_code == 200


def translate_one(server: Emulator, text: str, language: str | None = "en", **target: Any) -> Any:
    item = TranslateInputItem(text=text, language=language, targets=[TranslationTarget(language="de", **target)])
    with clients.translator(server) as client:
        (result,) = client.translate([item])
    return result.translations[0]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "[de] What a damn car. Damned!"),
        ({"profanity_action": "NoAction"}, "[de] What a damn car. Damned!"),
        ({"profanity_action": "Marked"}, "[de] What a *** car. ***!"),
        (
            {"profanity_action": "Marked", "profanity_marker": "Tag"},
            "[de] What a <profanity>damn</profanity> car. <profanity>Damned</profanity>!",
        ),
        ({"profanity_action": "Deleted"}, "[de] What a car.!"),
    ],
)
def test_profanity_is_kept_marked_or_left_out(emulator: Emulator, options: dict[str, str], text: str) -> None:
    assert translate_one(emulator, "What a damn car. Damned!", **options).text == text


def test_profanity_is_whole_words(emulator: Emulator) -> None:
    text = "Assess the Scunthorpe shitake class"
    assert translate_one(emulator, text, profanity_action="Deleted").text == f"[de] {text}"


def test_reference_pairs_are_used_where_their_phrase_occurs(emulator: Emulator) -> None:
    pairs = [{"source": "black diamond", "target": "Karbonado"}, {"source": "diamond", "target": "Diamant"}]
    found = translate_one(emulator, "A black diamond, a diamond, diamonds", reference_text_pairs=pairs)
    assert found.text == "[de] A Karbonado, a Diamant, diamonds"


def test_a_translation_by_a_language_model_costs_tokens(emulator: Emulator) -> None:
    plain = translate_one(emulator, "Hola mundo", "es", deployment_name="gpt-4o-mini")
    styled = translate_one(emulator, "Hola mundo", "es", deployment_name="gpt-4o-mini", tone="formal", gender="female")
    assert plain.text == "[de] Hola mundo"
    assert plain.source_characters is None
    assert (plain.instruction_tokens, plain.response_tokens) == (300, 12)
    assert 2 <= plain.source_tokens <= 3 < plain.target_tokens
    assert styled.instruction_tokens > plain.instruction_tokens


def test_both_systems_are_metered_in_one_answer(emulator: Emulator) -> None:
    targets = [{"language": "es"}, {"language": "de", "deploymentName": "mine"}]
    answer = post(emulator, {"inputs": [{"text": "Hello world", "language": "en", "targets": targets}]})
    own, model = answer.json()["value"][0]["translations"]
    assert list(own) == ["language", "text", "sourceCharacters"]
    assert answer.headers["x-mt-system"] == "Microsoft,mine"
    assert answer.headers["sourcecharacterscharged"] == "11"
    assert int(answer.headers["sourcetokenscharged"]) == model["instructionTokens"] + model["sourceTokens"]
    assert int(answer.headers["targettokenscharged"]) == model["responseTokens"] + model["targetTokens"]


def test_a_deployment_that_is_not_there_falls_back_or_is_refused(make_emulator: MakeEmulator) -> None:
    server = make_emulator(deployments=("there",))
    assert translate_one(server, "Hi", deployment_name="there").source_tokens
    assert translate_one(server, "Hi", deployment_name="elsewhere").source_characters == 2
    with pytest.raises(HttpResponseError) as refused:
        translate_one(server, "Hi", deployment_name="elsewhere", allow_fallback=False)
    assert "400079" in str(refused.value)


def test_a_text_in_other_letters_is_read_and_written_as_asked(emulator: Emulator) -> None:
    item = {"text": "privet", "language": "ru", "script": "Latn", "targets": [{"language": "el", "script": "Latn"}]}
    (found,) = post(emulator, {"inputs": [item]}).json()["value"][0]["translations"]
    assert found == {"language": "el", "script": "Latn", "text": "[el] privet", "sourceCharacters": 6}


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        (
            '<div class="notranslate">Keep.</div><div>Change. </div>',
            '<div class="notranslate">Keep.</div><div>[de] Change. </div>',
        ),
        (
            "<p class='a notranslate b'>Keep <p>all</p> of it</p>damn",
            "<p class='a notranslate b'>Keep <p>all</p> of it</p>[de] ***",
        ),
        ("<b translate=no>damn</b> <i>damn</i>", "<b translate=no>damn</b> <i>[de] ***</i>"),
        ("<style>p { damn }</style><br translate='no'/>Yes", "<style>p { damn }</style><br translate='no'/>[de] Yes"),
        ('<a title="damn">Yes</a> 1 < 2', '<a title="damn">[de] Yes</a> 1 < 2'),
        ("<p translate='no'>never closed <b>at all", "<p translate='no'>never closed <b>at all"),
        ("<br><hr/>", "<br><hr/>"),
        (
            '<i translate="no"><mstrans:dictionary translation="x">y</mstrans:dictionary></i> Yes',
            '<i translate="no"><mstrans:dictionary translation="x">y</mstrans:dictionary></i> [de] Yes',
        ),
    ],
)
def test_what_must_not_be_translated_stays(emulator: Emulator, text: str, translated: str) -> None:
    target = {"language": "de", "profanityAction": "Marked"}
    answer = post(emulator, {"inputs": [{"text": text, "language": "en", "textType": "html", "targets": [target]}]})
    assert answer.json()["value"][0]["translations"][0]["text"] == translated


@pytest.mark.parametrize("text_type", ["Plain", "Html"])
def test_the_dynamic_dictionary_has_the_last_word(emulator: Emulator, text_type: str) -> None:
    given = 'The <mstrans:dictionary translation="Wortomat">wordomatic</mstrans:dictionary> works.'
    item = TranslateInputItem(
        text=given, text_type=text_type, language="en", targets=[TranslationTarget(language="de")]
    )
    with clients.translator(emulator) as client:
        (result,) = client.translate([item])
    assert result.translations[0].text == "[de] The Wortomat works."


def test_the_sdk_raises_what_it_raises_for_the_service(emulator: Emulator) -> None:
    with clients.translator(emulator) as client, pytest.raises(HttpResponseError) as refused:
        client.translate(["x"], to_language=["nonsense"])
    assert refused.value.error is not None
    assert str(refused.value.error.code) == "400036"
    with clients.translator(emulator, key="wrong") as client, pytest.raises(ClientAuthenticationError):
        client.translate(["x"], to_language=["es"])
