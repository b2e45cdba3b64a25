"""The kinds of analysis of the Language service: limits, models, languages, names on the bill."""

from __future__ import annotations

from dataclasses import dataclass

_MANY = (
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha he hi hr hu hy id "
    "it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt-BR pt-PT ro ru sa sd si "
    "sk sl so sq sr su sv sw ta te th tr ug uk ur uz vi xh yi zh-Hans zh-Hant"
)
_ENTITIES = "ar cs da de en es fi fr hu it ja ko nl no pl pt-BR pt-PT ru sv tr zh-Hans"
_PII = "de en es fr it ja ko pt-BR pt-PT zh-Hans"
_SUMMARIES = "ar de en es fr he it ja ko pl pt-BR pt-PT zh-Hans"

_ALIASES = {"pt": "pt-PT", "zh": "zh-Hans", "zh-cn": "zh-Hans", "zh-tw": "zh-Hant", "nb": "no"}


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
        since: First api-version that has it.
        is_custom: Whether a model of one's own answers, named by project and deployment.
    """

    name: str
    documents: int | None
    models: tuple[str, ...]
    languages: tuple[str, ...]
    bill: str
    task: str
    has_offsets: bool = True
    is_job: bool = True
    since: str = "2022-05-01"
    is_custom: bool = False

    @property
    def model(self) -> str:
        """The version that answers."""
        return self.models[-1]

    def resolve_language(self, code: str) -> str | None:
        """Find the supported language that ``code`` means; ``None`` where there is none."""
        wanted = _ALIASES.get(code.lower(), code).lower()
        return next((language for language in self.languages if language.lower() == wanted), None)


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
        ),
        Kind(
            "PiiEntityRecognition",
            5,
            ("2019-10-01", "2020-02-01", "2020-04-01", "2020-07-01", "2021-01-15"),
            tuple(_PII.split()),
            "PII",
            "PersonallyIdentifiableInformation",
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
            since="2023-04-01",
        ),
        Kind(
            "AbstractiveSummarization",
            None,
            ("2022-10-31-preview", "2023-02-01-preview"),
            tuple(_SUMMARIES.split()),
            "AbstractiveSummarization",
            "AbstractiveSummarization",
            since="2023-04-01",
        ),
    )
}

API_VERSIONS = ("2022-05-01", "2023-04-01")
"""Versions of the API that are answered."""
