"""The kinds of analysis of the Language service: limits, models, languages, parameters, names on the bill."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgazure.emulator.language.versions import ALWAYS, Span

if TYPE_CHECKING:
    from pgazure.emulator.language.versions import Version

_MANY = (
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha he hi hr hu hy id "
    "it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt-BR pt-PT ro ru sa sd si "
    "sk sl so sq sr su sv sw ta te th tr ug uk ur uz vi xh yi zh-Hans zh-Hant"
)
_ENTITIES = "ar cs da de en es fi fr hu it ja ko nl no pl pt-BR pt-PT ru sv tr zh-Hans"
_PII = "de en es fr it ja ko pt-BR pt-PT zh-Hans"
_SUMMARIES = "ar de en es fr he it ja ko pl pt-BR pt-PT zh-Hans"

_ALIASES = {"pt": "pt-PT", "zh": "zh-Hans", "zh-cn": "zh-Hans", "zh-tw": "zh-Hant", "nb": "no"}


_COMMON = {"modelVersion": ALWAYS, "loggingOptOut": ALWAYS, "stringIndexType": ALWAYS}
_CUSTOM = {"projectName": ALWAYS, "deploymentName": ALWAYS, "loggingOptOut": ALWAYS, "stringIndexType": ALWAYS}
_SELECTION = Span("2024-11-01", "2023-04-15")
_SUMMARIES_SINCE = Span("2023-04-01", "2022-10-01")
_REDACTION = Span("2026-05-01", "2025-11-15")

# Letters of a region's code.
_REGION = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of analysis.

    Attributes:
        name: Its name on the wire.
        documents: Most documents of a request; ``None`` where there are only jobs.
        models: Model versions, the newest last; that one stands for ``latest``.
        languages: Supported language codes; empty where the language is not given.
        bill: Its name on the bill.
        task: Its name in the messages about jobs.
        has_offsets: Whether answers hold offsets, so that their unit may be chosen.
        is_job: Whether it may be a task of a job.
        known: The versions that have it.
        is_custom: Whether a model of one's own answers, named by project and deployment.
        parameters: Its parameters besides those of every kind, and which versions know them.
    """

    name: str
    documents: int | None
    models: tuple[str, ...]
    languages: tuple[str, ...]
    bill: str
    task: str
    has_offsets: bool = True
    is_job: bool = True
    known: Span = ALWAYS
    is_custom: bool = False
    parameters: dict[str, Span] = field(default_factory=dict)

    def resolve_model(self, asked: str | None) -> str:
        """The version that answers a request for ``asked``."""
        return asked if asked in self.models else self.models[-1]

    def list_parameters(self, version: Version) -> list[str]:
        """Names of the parameters that a request may have."""
        own = _CUSTOM if self.is_custom else _COMMON
        return [name for name, span in (own | self.parameters).items() if version.knows(span)]

    def resolve_language(self, code: str) -> str | None:
        """Find the supported language that ``code`` means; ``None`` where there is none."""
        wanted = _ALIASES.get(code.lower(), code).lower()
        base, _, region = wanted.partition("-")
        # "en-us" is English; what stands behind the hyphen of "zh-hans" is a script.
        names = (wanted, base) if len(region) == _REGION else (wanted,)
        return next((language for name in names for language in self.languages if language.lower() == name), None)


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "SentimentAnalysis",
            10,
            ("2019-10-01", "2020-04-01", "2021-10-01", "2022-06-01", "2022-10-01", "2022-11-01"),
            tuple(_MANY.split()),
            "Sentiment",
            "SentimentAnalysis",
            parameters={"opinionMining": ALWAYS},
        ),
        Kind(
            "LanguageDetection",
            1000,
            ("2019-10-01", "2020-07-01", "2020-09-01", "2021-01-05", "2021-11-20", "2022-10-01"),
            (),
            "LanguageDetection",
            "LanguageDetection",
            has_offsets=False,
            is_job=False,
        ),
        Kind(
            "KeyPhraseExtraction",
            10,
            ("2019-10-01", "2020-07-01", "2021-06-01", "2022-07-01", "2022-10-01"),
            tuple(_MANY.split()),
            "KeyPhraseExtraction",
            "KeyPhraseExtraction",
            has_offsets=False,
        ),
        Kind(
            "EntityRecognition",
            5,
            ("2019-10-01", "2020-02-01", "2020-04-01", "2021-01-15", "2021-06-01"),
            tuple(_ENTITIES.split()),
            "NER",
            "NamedEntityRecognition",
            parameters=dict.fromkeys(
                ("inclusionList", "exclusionList", "overlapPolicy", "inferenceOptions"), _SELECTION
            ),
        ),
        Kind(
            "PiiEntityRecognition",
            5,
            ("2019-10-01", "2020-02-01", "2020-04-01", "2020-07-01", "2021-01-15"),
            tuple(_PII.split()),
            "PII",
            "PersonallyIdentifiableInformation",
            parameters={
                "domain": ALWAYS,
                "piiCategories": ALWAYS,
                "excludePiiCategories": Span("2026-05-01", "2023-04-15"),
                "redactionCharacter": Span(None, "2023-04-15", until="2023-11-15-preview"),
                "redactionPolicy": Span(None, "2024-11-15", until="2025-05-15-preview"),
                "valueExclusionPolicy": Span("2026-05-01", "2025-05-15"),
                "entitySynonyms": Span("2026-05-01", "2025-05-15"),
                "redactionPolicies": _REDACTION,
                "confidenceScoreThreshold": _REDACTION,
                "disableEntityValidation": _REDACTION,
            },
        ),
        Kind(
            "EntityLinking",
            5,
            ("2019-10-01", "2020-02-01", "2021-06-01"),
            ("en", "es"),
            "EntityLinking",
            "EntityLinking",
        ),
        Kind(
            "Healthcare",
            None,
            ("2020-09-03", "2021-03-01", "2021-05-15", "2022-03-01", "2022-08-15-preview", "2023-04-01"),
            ("de", "en", "es", "fr", "he", "it", "pt-PT"),
            "Healthcare",
            "Healthcare",
            parameters={"fhirVersion": Span(None, "2022-10-01"), "documentType": Span(None, "2022-10-01")},
        ),
        *(
            Kind(name, None, ("latest",), tuple(_MANY.split()), name, name, has_offsets=offsets, is_custom=True)
            for name, offsets in (
                ("CustomEntityRecognition", True),
                ("CustomSingleLabelClassification", False),
                ("CustomMultiLabelClassification", False),
            )
        ),
        Kind(
            "ExtractiveSummarization",
            None,
            ("2022-08-31-preview", "2023-02-01-preview"),
            tuple(_SUMMARIES.split()),
            "ExtractiveSummarization",
            "ExtractiveSummarization",
            known=_SUMMARIES_SINCE,
            parameters={"sentenceCount": ALWAYS, "sortBy": ALWAYS, "query": Span("2024-11-01", "2023-11-15")},
        ),
        Kind(
            "AbstractiveSummarization",
            None,
            ("2022-10-31-preview", "2023-02-01-preview"),
            tuple(_SUMMARIES.split()),
            "AbstractiveSummarization",
            "AbstractiveSummarization",
            known=_SUMMARIES_SINCE,
            parameters={
                "sentenceCount": ALWAYS,
                "summaryLength": Span("2024-11-01", "2023-04-15"),
                "instruction": Span("2026-05-01", "2025-05-15"),
            },
        ),
    )
}
