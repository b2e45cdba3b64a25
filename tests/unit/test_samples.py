"""The sample reviews are what they are said to be."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

import pytest

from pgazure.samples import listings_csv, reviews_csv

# Which reviews are not English, by id.
LANGUAGES = {
    "de": {15, 31, 33, 35, 41, 42, 46, 79, 81, 82, 109, 147, 160, 176, 199, 212},
    "es": {11, 20, 27, 28, 51, 63, 73, 78, 92, 127, 149, 157, 162, 164, 170, 187, 195, 210},
    "fr": {8, 17, 21, 26, 40, 59, 89, 95, 96, 98, 101, 113, 121, 129, 151, 165, 197, 207},
    "it": {5, 38, 48, 52, 62, 68, 119, 124, 130, 145, 191, 201},
    "ja": {61, 94, 100, 102, 135, 172, 196},
    "nl": {2, 18, 125, 126, 166, 167, 177, 193},
    "pl": {25, 66, 107, 140, 148, 174},
    "pt": {22, 24, 99, 134, 150, 156, 184, 186, 211},
}

SENTENCE_END = re.compile(r"[.!?。！](?=\s|$|[^\x00-\x7f])")


def read(source) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(source.read_text(encoding="utf-8"), newline=""), strict=True))


@pytest.fixture(scope="module")
def reviews() -> list[dict[str, str]]:
    return read(reviews_csv())


@pytest.fixture(scope="module")
def listings() -> list[dict[str, str]]:
    return read(listings_csv())


def test_every_review_is_complete_and_belongs_to_a_listing(reviews, listings):
    assert len(reviews) >= 180
    assert len(listings) == 12
    assert list(reviews[0]) == ["id", "listing_id", "date", "comments"]
    assert list(listings[0]) == ["id", "name", "city", "property_type", "price"]
    assert [int(row["id"]) for row in reviews] == list(range(1, len(reviews) + 1))
    assert {row["listing_id"] for row in reviews} == {row["id"] for row in listings}
    assert all(value.strip() for row in reviews + listings for value in row.values())
    assert all(re.fullmatch(r"202[4-6]-\d\d-\d\d", row["date"]) for row in reviews)
    assert all(float(row["price"]) > 0 for row in listings)


@pytest.mark.parametrize("source", [reviews_csv, listings_csv])
def test_writing_what_was_read_gives_the_same_bytes(source):
    data = source().read_bytes()
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    again = io.StringIO(newline="")
    csv.writer(again, lineterminator="\n").writerows(rows)
    assert again.getvalue().encode("utf-8") == data
    assert b"\r" not in data
    assert not data.startswith(b"\xef\xbb\xbf")


def test_reviews_are_in_the_languages_listed(reviews):
    detector = pytest.importorskip("py3langid.langid", reason="needs the emulator extra")
    identifier = detector.LanguageIdentifier.from_model_file(detector.MODEL_FILE, norm_probs=True)
    identifier.set_languages(["en", *LANGUAGES])
    language_of = {number: code for code, numbers in LANGUAGES.items() for number in numbers}
    # One word says too little for a statistical model.
    telling = [row for row in reviews if len(row["comments"]) >= 60 or language_of.get(int(row["id"])) == "ja"]
    found = {int(row["id"]): identifier.classify(row["comments"])[0] for row in telling}
    assert {number: code for number, code in found.items() if code != language_of.get(number, "en")} == {}
    assert len(set(found.values())) >= 7
    english = len(reviews) - len(language_of)
    assert 0.5 < english / len(reviews) < 0.6


def test_some_short_texts_are_repeated_word_for_word(reviews):
    counts = Counter(row["comments"] for row in reviews)
    repeated = [text for text, count in counts.items() if count > 1]
    assert 6 <= len(reviews) - len(counts) <= 8
    assert "Great stay!" in repeated
    assert all(len(text) < 20 for text in repeated)


def test_enough_reviews_are_long_enough_to_summarize(reviews):
    long = [row for row in reviews if 8 <= len(SENTENCE_END.findall(row["comments"])) <= 14]
    assert len(long) >= 25
    assert len({row["listing_id"] for row in long}) == 12


def test_no_review_contains_the_demo_search_phrase_yet_several_mean_it(reviews):
    assert not any("quiet place to work remotely" in row["comments"].lower() for row in reviews)
    working = re.compile(
        r"\b(desk|schreibtisch|großer tisch|table|mesa|bureau|scrivania|secretária)\b.*"
        r"\b(wifi|wlan|internet|fibre|fibra|connection|connexion|rete|line|broadband)\b",
        re.IGNORECASE | re.DOTALL,
    )
    assert sum(bool(working.search(row["comments"])) for row in reviews) >= 8


def test_personal_data_in_reviews_is_fictional(reviews):
    text = "\n".join(row["comments"] for row in reviews)
    mails = re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", text)
    assert len(mails) >= 4
    assert {".".join(mail.rsplit(".", 2)[-2:]) for mail in mails} <= {"example.com", "example.org"}
    phones = re.findall(r"\+?\d[\d ()-]{8,}\d", text)
    assert len(phones) >= 4
    assert all(re.fullmatch(r"(\+1 )?206[ -]555[ -]01\d\d|\+44 7700 900\d{3}", phone) for phone in phones), phones


def test_people_write_line_breaks_quotes_emoji_and_capitals(reviews):
    texts = [row["comments"] for row in reviews]
    assert sum("\n" in text for text in texts) >= 2
    assert sum('"' in text for text in texts) >= 2
    assert sum(any(ord(letter) >= 0x1F300 for letter in text) for text in texts) >= 5
    assert sum(text.isupper() for text in texts) >= 1
