"""What the small models find in clear texts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pgazure.emulator.models import (
    embedding,
    entities,
    health,
    language,
    opinions,
    phrases,
    pii,
    sentences,
    sentiment,
    summary,
)

REVIEWS = [
    ("en", "en", "positive", "The room was spotless and the host was wonderful!"),
    ("en", "en", "negative", "Dirty sheets, rude staff and a broken shower. Never again."),
    ("es", "es", "positive", "La habitación estaba muy limpia y el personal fue encantador."),
    ("es", "es", "negative", "El servicio fue pésimo y la comida estaba fría."),
    ("fr", "fr", "positive", "Un séjour merveilleux, l'appartement est très propre et bien situé."),
    ("fr", "fr", "negative", "La chambre était sale et le personnel désagréable."),
    ("de", "de", "positive", "Das Zimmer war sauber und das Personal sehr freundlich!"),
    ("de", "de", "negative", "Das Essen war kalt und der Service schrecklich."),
    ("it", "it", "positive", "Posto meraviglioso, camera pulita e colazione ottima."),
    ("it", "it", "negative", "Camera sporca e personale maleducato, davvero pessimo."),
    ("pt-BR", "pt", "positive", "Adorei o hotel, quarto limpo e café da manhã delicioso."),
    ("pt-PT", "pt", "negative", "Péssimo atendimento e quarto sujo. Não recomendo."),
    ("nl", "nl", "positive", "Heerlijk hotel, schone kamers en vriendelijk personeel."),
    ("nl", "nl", "negative", "De kamer was vies en het personeel onbeleefd."),
    ("pl", "pl", "positive", "Wspaniały hotel, czysty pokój i bardzo miła obsługa."),
    ("pl", "pl", "negative", "Okropna obsługa i brudny pokój."),
    ("sv", "sv", "positive", "Fantastiskt hotell, rent rum och trevlig personal."),
    ("sv", "sv", "negative", "Hemskt hotell, smutsigt rum och otrevlig personal."),
    ("ru", "ru", "positive", "Отличный отель, чистый номер и вкусный завтрак."),
    ("ru", "ru", "negative", "Ужасный сервис и грязный номер."),
    ("tr", "tr", "positive", "Otel mükemmeldi, oda çok temizdi."),
    ("tr", "tr", "negative", "Berbat bir otel, oda çok kirliydi."),
    ("ja", "ja", "positive", "部屋がとても綺麗で、スタッフも親切でした。"),
    ("ja", "ja", "negative", "最悪のサービスで、部屋も汚かったです。"),
    ("zh-Hans", "zh_chs", "positive", "房间很干净，服务非常好，推荐！"),
    ("zh-Hans", "zh_chs", "negative", "服务很差，房间又脏又吵，太失望了。"),
    ("ko", "ko", "positive", "방이 깨끗하고 직원이 친절했습니다."),
    ("ko", "ko", "negative", "방이 더럽고 시끄러웠습니다. 최악이에요."),
]


@pytest.mark.parametrize(("code", "_", "label", "text"), REVIEWS)
def test_clear_reviews_are_judged_right(code: str, _: str, label: str, text: str) -> None:
    assert sentiment.judge(text, code).mood.label == label


@pytest.mark.parametrize(("_", "code", "__", "text"), REVIEWS)
def test_clear_texts_are_told_apart_by_language(_: str, code: str, __: str, text: str) -> None:
    assert language.detect(text, "").code == code


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "Hello world"), ("es", "Hola"), ("fr", "Bonjour"), ("de", "Guten Tag"), ("it", "Ciao"), ("en", "ok"),
        ("uk", "Привіт, як справи?"), ("hi", "नमस्ते दुनिया"), ("zh_cht", "這是個測試"), ("ar", "السلام عليكم"),
        ("th", "สวัสดีครับ"), ("el", "Καλημέρα"), ("he", "שלום עולם"),
    ],
)  # fmt: skip
def test_short_texts_are_told_apart_by_language(code: str, text: str) -> None:
    assert language.detect(text, "").code == code


def test_the_country_settles_a_doubt() -> None:
    assert language.detect("impossible", "US").code == "en"
    assert language.detect("impossible", "FR").code == "fr"


@pytest.mark.parametrize(
    ("code", "label", "text"),
    [
        ("en", "positive", "😍"), ("ar", "positive", "👍👍"), ("hi", "negative", "😡"), ("es", "positive", ":)"),
        ("de", "negative", "Nicht gut."), ("fr", "negative", "Ce n'est pas bon."), ("es", "negative", "No me gustó nada."),
        ("ja", "negative", "おいしくない料理でした。"), ("zh-Hans", "negative", "房间不干净"),
        ("es", "neutral", "La fecha es el 3 de febrero."), ("de", "neutral", "Ich bestelle ein Ticket."),
        ("en", "negative", "The restaurant was not as good as I hoped."),
        ("en", "positive", "Everything could not have been easier!"),
        ("en", "positive", "There was nothing at all to complain about."),
        ("en", "neutral", "He was there in case of questions or problems."),
        ("es", "negative", "I did not like the hotel we stayed at."), ("fr", "positive", "The room was lovely and clean."),
    ],
)  # fmt: skip
def test_signs_and_denials_count(code: str, label: str, text: str) -> None:
    assert sentiment.judge(text, code).mood.label == label


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Dr. Smith came at 3 p.m. on Monday. He left!", ["Dr. Smith came at 3 p.m. on Monday. ", "He left!"]),
        ("Es war am 4. April 1975. Ja, z.B. hier.", ["Es war am 4. April 1975. ", "Ja, z.B. hier."]),
        ("これは一つです。そうですか？はい！", ["これは一つです。", "そうですか？", "はい！"]),
        ("I like nature. I do not", ["I like nature. ", "I do not"]),
        ("It costs 3.5 euros (really!) and more.", ["It costs 3.5 euros (really!) and more."]),
        ("Visit example.com now", ["Visit example.com now"]),
        ("  lead. x", ["  lead. ", "x"]),
        ("One\n\nTwo", ["One\n\n", "Two"]),
        ("", []),
        ("...", ["..."]),
    ],
)
def test_sentences_join_to_the_text(text: str, pieces: list[str]) -> None:
    assert [text[start:end] for start, end in sentences.split(text)] == pieces


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("en", "Microsoft was founded by Bill Gates and Paul Allen.", {"Microsoft", "Bill Gates", "Paul Allen"}),
        ("en", "The restaurant had really good food.", {"good food", "restaurant"}),
        ("en", "This was the best day of my life.", {"best day", "life"}),
        ("es", "El restaurante tenía un servicio excelente.", {"restaurante", "servicio excelente"}),
        (
            "de",
            "Das Hotel hatte ein schönes Zimmer mit Blick auf den See.",
            {"Hotel", "schönes Zimmer", "Blick", "See"},
        ),
        ("zh-Hans", "酒店的房间非常干净", {"酒店", "房间"}),
        ("ja", "ホテルの部屋はとても綺麗です。", {"ホテル", "部屋"}),
    ],
)
def test_key_phrases_are_phrases_of_the_text(code: str, text: str, expected: set[str]) -> None:
    found = phrases.extract(text, code)
    assert set(found) >= expected
    assert all(phrase in text for phrase in found)


def test_verbs_shouts_and_addresses_are_no_key_phrases() -> None:
    text = "We LOVED checking in. Write to jane@example.com about the parking spot and the dining room."
    assert set(phrases.extract(text, "en")) == {"parking spot", "dining room"}
    assert set(phrases.extract("Ich wohne gern am See.", "de")) == {"See"}


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (
            "en",
            "Microsoft was founded by Bill Gates and Paul Allen on April 4, 1975.",
            ["Organization", "Person", "Person", "DateTime/Date"],
        ),
        (
            "es",
            "Microsoft fue fundado por Bill Gates el 4 de abril de 1975.",
            ["Organization", "Person", "DateTime/Date"],
        ),
        (
            "de",
            "Microsoft wurde am 4. April 1975 von Bill Gates gegründet.",
            ["Organization", "DateTime/Date", "Person"],
        ),
        ("en", "We paid $120 for 3 nights in Paris.", ["Quantity/Currency", "DateTime/Duration", "Location/GPE"]),
        (
            "en",
            "20% off, 15 minutes away, 2 miles.",
            ["Quantity/Percentage", "DateTime/Duration", "Quantity/Dimension"],
        ),
        ("en", "See https://contoso.com/a or 10.0.0.1 or a@b.org", ["URL", "IP", "Email"]),
        ("en", "The restaurant is near the park.", ["Location/Structural", "Location"]),
        ("en", "It was nice. Will it rain in May?", []),
    ],
)
def test_entities_have_the_categories_of_the_service(code: str, text: str, expected: list[str]) -> None:
    found = entities.recognize(text, code)
    assert [one.category + (f"/{one.subcategory}" if one.subcategory else "") for one in found] == expected
    assert all(text[one.start : one.end] == one.text for one in found)


@pytest.mark.parametrize(
    ("code", "text", "category", "value"),
    [
        ("en", "My card is 4111 1111 1111 1111.", "CreditCardNumber", "4111 1111 1111 1111"),
        ("en", "IBAN DE89 3704 0044 0532 0130 00", "InternationalBankingAccountNumber", "DE89 3704 0044 0532 0130 00"),
        ("en", "My SSN is 859-98-0987.", "USSocialSecurityNumber", "859-98-0987"),
        ("en", "Your ABA number - 111000025 - is here", "ABARoutingNumber", "111000025"),
        ("en", "Call +49 30 901820 now", "PhoneNumber", "+49 30 901820"),
        ("en", "my phone number is 333-3333.", "PhoneNumber", "333-3333"),
        ("en", "Server at 192.168.1.10", "IPAddress", "192.168.1.10"),
        ("en", "I live at 123 Main Street, Seattle, WA 98101.", "Address", "123 Main Street, Seattle, WA 98101"),
        ("de", "Ich wohne in der Hauptstraße 12, 10115 Berlin.", "Address", "Hauptstraße 12, 10115 Berlin"),
        ("es", "Vivo en Calle Mayor 5, 28013 Madrid.", "Address", "Calle Mayor 5, 28013 Madrid"),
        ("fr", "J'habite 12 rue de Rivoli, 75001 Paris.", "Address", "12 rue de Rivoli, 75001 Paris"),
        ("en", "My name is Inigo Montoya.", "Person", "Inigo Montoya"),
        ("de", "Mein Name ist Hans Müller.", "Person", "Hans Müller"),
        ("es", "Me llamo Carlos Ruiz.", "Person", "Carlos Ruiz"),
        ("en", "Dr. Jane Smith signed it.", "Person", "Jane Smith"),
        ("en", "Jane Smith's SSN is here", "Person", "Jane Smith"),
        ("es", "María fue muy amable.", "Person", "María"),
        ("pt-BR", "Moro na Rua das Flores, 25.", "Address", "Rua das Flores, 25"),
        ("en", "Ask the senior vice president.", "PersonType", "senior vice president"),
        ("en", "over the past six years", "DateTime", "past six years"),
    ],
)
def test_personal_data_is_found(code: str, text: str, category: str, value: str) -> None:
    assert [(one.category, one.text) for one in pii.recognize(text, code)] == [(category, value)]


@pytest.mark.parametrize(
    "text",
    [
        "My card is 4111 1111 1111 1112.",
        "IBAN DE89 3704 0044 0532 0130 01",
        "Order 000-12-3456 of part 666-11-2222",
        "Version 10.0.300.1 of the program",
        "We walked up Queen Anne Hill in Seattle.",
        "It was lovely.It was quiet.",
    ],
)
def test_what_only_looks_like_personal_data_is_left_alone(text: str) -> None:
    assert pii.recognize(text, "en") == ()


def test_the_short_form_of_an_organization_is_one_too() -> None:
    text = "The Government Accountability Office (GAO) found nothing (NEW)."
    found = [one.text for one in entities.recognize(text, "en") if one.category == "Organization"]
    assert found == ["Government Accountability Office", "GAO"]


def test_the_short_form_of_an_illness_belongs_to_it() -> None:
    text = "The patient was diagnosed with Parkinsons Disease (PD)"
    found = health.recognize(text)
    assert [one.text for one in found] == ["Parkinsons Disease", "PD"]
    (relation,) = health.relate(text, found)
    assert (relation.kind, relation.parts) == ("Abbreviation", ((0, "FullTerm"), (1, "AbbreviatedTerm")))


def test_opinions_share_an_assessment() -> None:
    text = "Nice rooms, but the toilet and the shower were dirty."
    found = opinions.mine(text, "en", 0)
    assert [(text[one.start : one.end], one.label) for one in found.targets] == [
        ("rooms", "positive"),
        ("toilet", "negative"),
        ("shower", "negative"),
    ]
    assert found.targets[1].relations == found.targets[2].relations == (1,)


def test_a_text_without_real_sentences_has_no_summary() -> None:
    assert summary.extract("hello world", "en", 3) == ()
    assert summary.condense("hello world", "en", 3) == []


def test_vectors_are_the_same_in_another_process() -> None:
    script = (
        "from pgazure.emulator.models import embedding\n"
        "print(embedding.embed('A quiet room near the station', 'm', 1536, 8).tobytes().hex())"
    )
    here = embedding.embed("A quiet room near the station", "m", 1536, 8).tobytes().hex()
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    assert here == there
