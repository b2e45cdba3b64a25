"""What the stand-in for a chat model gets right: a few dozen easy cases of each thing that programs ask of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pgazure.emulator.assistant import Conversation, Message, reply
from pgazure.emulator.models import relevance

VERDICT = {"verdict": {"type": "string", "enum": ["true", "false", "unknown"]}}
JUDGE = "Decide whether the statement is true. It stands between <statement> and </statement>."
EXTRACT = "Extract what the schema names from the document, and null where the document does not tell it."


def strict(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def ask(system: str, user: str, properties: dict[str, Any]) -> Any:
    said = (Message("system", system), Message("user", user))
    return json.loads(reply(Conversation(said, strict(properties))).text)


TRUE = [
    "Paris is the capital of France.",
    "Two plus three is five.",
    "7 is greater than 4.",
    "Lisbon is in Portugal.",
    "Tokyo is the capital of Japan.",
    "12 * 12 = 144",
    "Madrid is in Europe.",
    "The following review is positive: We had a wonderful stay, and the hosts were lovely.",
    "The following review is negative: The room smelled and nobody helped us.",
    "The review mentions breakfast. Review: Breakfast was served until noon and we loved it.",
    "The text is written in German: Das Zimmer war sauber und das Personal sehr freundlich.",
    "The text contains an email address: Write to kim@example.org for the keys.",
    "The customer is happy. Review: I love this kettle, it is perfect.",
    "The guest complains about noise. Review: The noise from the street was terrible all night.",
    "The text mentions a price: The lamp costs $35 at the shop.",
    "100 is an even number.",
]
FALSE = [
    "Paris is the capital of Germany.",
    "Two plus two is five.",
    "3 is greater than 9.",
    "Lisbon is in Spain.",
    "Oslo is the capital of Sweden.",
    "12 * 12 = 150",
    "Tokyo is in Europe.",
    "The following review is negative: We had a wonderful stay, and the hosts were lovely.",
    "The following review is positive: The room smelled and nobody helped us.",
    "The review mentions a swimming pool. Review: Breakfast was served until noon and we loved it.",
    "The text is written in French: Das Zimmer war sauber und das Personal sehr freundlich.",
    "The text contains an email address: Ask at the desk for the keys.",
    "The customer is happy. Review: This kettle broke after a day and the shop was rude.",
    "Paris is not in France.",
]
UNKNOWN = [
    "The author of this sentence was born on a Tuesday.",
    "My neighbour owns a blue bicycle.",
    "The meeting will be moved to the afternoon.",
]


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [*((one, "true") for one in TRUE), *((one, "false") for one in FALSE), *((one, "unknown") for one in UNKNOWN)],
)
def test_easy_statements_are_judged_right(statement: str, verdict: str) -> None:
    assert ask(JUDGE, f"<statement>\n{statement}\n</statement>", VERDICT)["verdict"] == verdict


TEXT: Any = {"type": ["string", "null"]}
NUMBER: Any = {"type": ["number", "null"]}
WHOLE: Any = {"type": ["integer", "null"]}
LIST: Any = {"type": "array", "items": {"type": "string"}}
MOOD: Any = {"type": ["string", "null"], "enum": ["positive", "neutral", "negative", None]}

ORDER = "Order A-1049: two wool blankets for Ms. Maria Lopez, total $84.50, to be delivered on June 12, 2024 to Denver."
NOTE = "Hi, this is Tom Baker from Fabrikam. Call me at 206-555-0147 or mail tom.baker@fabrikam.com before Friday."
REVIEW = (
    "I bought the Fabrikam T20 toaster in March. The toast is even, but the lever jams every morning. 3 out of 5 stars."
)
FLAT = "Sunny flat in Lisbon with 2 bedrooms and 1 bathroom, 65 square metres, 950 EUR a month."


@pytest.mark.parametrize(
    ("document", "field", "schema", "value"),
    [
        (ORDER, "total", NUMBER, 84.5),
        (ORDER, "customer_name", TEXT, "Maria Lopez"),
        (ORDER, "order_number", TEXT, "A-1049"),
        (ORDER, "city", TEXT, "Denver"),
        (ORDER, "delivery_date", TEXT, "June 12, 2024"),
        (ORDER, "email", TEXT, None),
        (ORDER, "currency", TEXT, "USD"),
        (NOTE, "phone", TEXT, "206-555-0147"),
        (NOTE, "email", TEXT, "tom.baker@fabrikam.com"),
        (NOTE, "name", TEXT, "Tom Baker"),
        (NOTE, "company", TEXT, "Fabrikam"),
        (NOTE, "iban", TEXT, None),
        (NOTE, "price", NUMBER, None),
        (REVIEW, "product", TEXT, "Fabrikam T20 toaster"),
        (REVIEW, "rating", NUMBER, 3),
        (REVIEW, "problem", TEXT, "the lever jams every morning"),
        (FLAT, "bedrooms", WHOLE, 2),
        (FLAT, "bathrooms", WHOLE, 1),
        (FLAT, "city", TEXT, "Lisbon"),
        (FLAT, "price", NUMBER, 950),
        (FLAT, "currency", TEXT, "EUR"),
        ("Invoice INV-2024-77 of 3 May 2024 over $1,250.00", "invoice_number", TEXT, "INV-2024-77"),
        ("Invoice INV-2024-77 of 3 May 2024 over $1,250.00", "amount", NUMBER, 1250),
        ("The server at 10.20.30.40 went down at 14:05.", "ip_address", TEXT, "10.20.30.40"),
        ("See https://example.com/help for more.", "url", TEXT, "https://example.com/help"),
        ("She is 34 years old and lives in Oslo.", "age", WHOLE, 34),
        ("La habitación era preciosa y muy limpia.", "language", TEXT, "Spanish"),
        ("What a lovely, quiet place. We will be back!", "sentiment", MOOD, "positive"),
        ("The shower was cold and the towels were dirty.", "sentiment", MOOD, "negative"),
        ("It was 31 °C in the shade.", "temperature", NUMBER, 31),
        ("Sales rose by 12% last year.", "growth_percentage", NUMBER, 12),
        ("Flight time is 2 hours.", "duration", TEXT, "2 hours"),
        ("The host welcomed us warmly.", "host_name", TEXT, None),
        ("A quiet flat near the park.", "pets_allowed", {"type": ["boolean", "null"]}, None),
    ],
)
def test_easy_values_are_extracted_right(document: str, field: str, schema: Any, value: Any) -> None:
    found = ask(EXTRACT, f"<document>\n{document}\n</document>", {field: schema})
    assert found == {field: value}


@pytest.mark.parametrize(
    ("prompt", "properties", "wanted"),
    [
        ("Who is the contact? " + NOTE, {"people": LIST}, {"people": ["Tom Baker"]}),
        ("What is 15 times 4?", {"answer": {"type": "string"}}, {"answer": "60"}),
        ("What is 15 times 4?", {"result": {"type": "integer"}}, {"result": 60}),
        ("What is the capital of Italy?", {"capital": {"type": "string"}}, {"capital": "Rome"}),
        ("Is Rome in Italy?", {"is_true": {"type": "boolean"}}, {"is_true": True}),
        ("Is Rome in Spain?", {"is_true": {"type": "boolean"}}, {"is_true": False}),
        (
            "Classify the ticket: I was charged twice on my last bill.",
            {"category": {"type": "string", "enum": ["billing", "shipping", "login"]}},
            {"category": "billing"},
        ),
        (
            "Classify the ticket: I cannot log in, my password is not accepted.",
            {"category": {"type": "string", "enum": ["billing", "shipping", "login"]}},
            {"category": "login"},
        ),
        (
            "Classify the ticket: The parcel has not arrived, where is my delivery?",
            {"category": {"type": "string", "enum": ["billing", "shipping", "login"]}},
            {"category": "shipping"},
        ),
        (
            "How urgent is it? The whole office is offline, this is an emergency!",
            {"priority": {"type": "string", "enum": ["low", "medium", "high"]}},
            {"priority": "high"},
        ),
        (
            "How urgent is it? No rush, a minor typo on the help page.",
            {"priority": {"type": "string", "enum": ["low", "medium", "high"]}},
            {"priority": "low"},
        ),
        ("Detect the language: Où est la gare ?", {"language_code": {"type": "string"}}, {"language_code": "fr"}),
        ("Review: The pool was dirty and cold.", {"sentiment": MOOD}, {"sentiment": "negative"}),
        (
            "Rate the review from 1 to 5: Perfect in every way, we loved it!",
            {"rating": {"type": "integer"}},
            {"rating": 5},
        ),
    ],
)
def test_generated_answers_follow_the_schema_and_say_the_right_thing(
    prompt: str, properties: dict[str, Any], wanted: Any
) -> None:
    assert ask("You are a helpful assistant.", prompt, properties) == wanted


PASSAGES = {
    "pets": "Dogs and cats are welcome; please keep them on a lead in the garden.",
    "parking": "There is free parking for two cars behind the house.",
    "breakfast": "Fresh bread, fruit and coffee are served every morning from seven.",
    "wifi": "Fast wireless internet is available in every room.",
    "beach": "It is a ten minute walk to the sandy shore and the sea.",
    "kitchen": "The kitchen has an oven, a dishwasher and a coffee machine.",
    "refund": "Cancel up to two days before arrival and your money is returned in full.",
    "children": "A cot and a high chair are available for families with a baby.",
}


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("Can I bring my dog?", "pets"),
        ("Are pets allowed?", "pets"),
        ("Where can I park my car?", "parking"),
        ("Is there parking?", "parking"),
        ("What is served in the morning?", "breakfast"),
        ("Is there wifi?", "wifi"),
        ("internet in the room", "wifi"),
        ("How far is the beach?", "beach"),
        ("walk to the sea", "beach"),
        ("Does the kitchen have a dishwasher?", "kitchen"),
        ("oven", "kitchen"),
        ("How do I get a refund?", "refund"),
        ("cancel my booking", "refund"),
        ("We travel with a baby", "children"),
        ("high chair", "children"),
        ("coffee in the morning", "breakfast"),
    ],
)
def test_the_passage_that_answers_is_ranked_first(query: str, best: str) -> None:
    ranked = sorted(PASSAGES, key=lambda name: -relevance.score(query, PASSAGES[name]))
    assert ranked[0] == best
