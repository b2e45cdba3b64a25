-- The composite types of the results. Tables may have columns of them, so that a type that is here stays as it is.

DO $$
BEGIN
    IF to_regtype('azure_cognitive.sentiment_analysis_result') IS NULL THEN
        CREATE TYPE azure_cognitive.sentiment_analysis_result AS (
            sentiment text,
            positive_score double precision,
            neutral_score double precision,
            negative_score double precision
        );
    END IF;
    IF to_regtype('azure_cognitive.language_detection_result') IS NULL THEN
        CREATE TYPE azure_cognitive.language_detection_result AS (
            name text,
            iso6391_name text,
            confidence_score double precision
        );
    END IF;
    IF to_regtype('azure_cognitive.entity') IS NULL THEN
        CREATE TYPE azure_cognitive.entity AS (
            text text,
            category text,
            subcategory text,
            confidence_score double precision
        );
    END IF;
    IF to_regtype('azure_cognitive.linked_entity_match') IS NULL THEN
        CREATE TYPE azure_cognitive.linked_entity_match AS (text text, confidence_score double precision);
    END IF;
    IF to_regtype('azure_cognitive.linked_entity') IS NULL THEN
        CREATE TYPE azure_cognitive.linked_entity AS (
            name text,
            data_source_entity_id text,
            language text,
            data_source text,
            url text,
            matches azure_cognitive.linked_entity_match[],
            bing_entity_search_api_id text
        );
    END IF;
    IF to_regtype('azure_cognitive.pii_entity_recognition_result') IS NULL THEN
        CREATE TYPE azure_cognitive.pii_entity_recognition_result AS (
            redacted_text text,
            entities azure_cognitive.entity[]
        );
    END IF;
    IF to_regtype('azure_cognitive.sentence') IS NULL THEN
        CREATE TYPE azure_cognitive.sentence AS (text text, rank_score double precision);
    END IF;
    IF to_regtype('azure_cognitive.transliterated_text') IS NULL THEN
        CREATE TYPE azure_cognitive.transliterated_text AS (script text, text text);
    END IF;
    IF to_regtype('azure_cognitive.translation') IS NULL THEN
        CREATE TYPE azure_cognitive.translation AS (
            target_language text,
            text text,
            transliteration azure_cognitive.transliterated_text
        );
    END IF;
    IF to_regtype('azure_cognitive.detected_language') IS NULL THEN
        CREATE TYPE azure_cognitive.detected_language AS (language text, score double precision);
    END IF;
    IF to_regtype('azure_cognitive.translated_text_result') IS NULL THEN
        CREATE TYPE azure_cognitive.translated_text_result AS (
            translations azure_cognitive.translation[],
            detected_language azure_cognitive.detected_language,
            source_text text
        );
    END IF;
END
$$;

COMMENT ON TYPE azure_cognitive.sentiment_analysis_result IS 'Sentiment of a text.';
COMMENT ON COLUMN azure_cognitive.sentiment_analysis_result.sentiment IS 'positive, neutral, negative or mixed.';
COMMENT ON COLUMN azure_cognitive.sentiment_analysis_result.positive_score IS 'Between 0 and 1; the three add up to 1.';
COMMENT ON COLUMN azure_cognitive.sentiment_analysis_result.neutral_score IS 'Between 0 and 1.';
COMMENT ON COLUMN azure_cognitive.sentiment_analysis_result.negative_score IS 'Between 0 and 1.';

COMMENT ON TYPE azure_cognitive.language_detection_result IS 'Language that a text is written in.';
COMMENT ON COLUMN azure_cognitive.language_detection_result.name IS 'English name of the language.';
COMMENT ON COLUMN azure_cognitive.language_detection_result.iso6391_name IS 'Its code, such as en or zh_chs.';
COMMENT ON COLUMN azure_cognitive.language_detection_result.confidence_score IS 'Between 0 and 1.';

COMMENT ON TYPE azure_cognitive.entity IS 'A stretch of a text that names something.';
COMMENT ON COLUMN azure_cognitive.entity.text IS 'The stretch as it stands in the text.';
COMMENT ON COLUMN azure_cognitive.entity.category IS 'Such as Person, Location or PhoneNumber.';
COMMENT ON COLUMN azure_cognitive.entity.subcategory IS 'Such as City; empty where there is none.';
COMMENT ON COLUMN azure_cognitive.entity.confidence_score IS 'Between 0 and 1.';

COMMENT ON TYPE azure_cognitive.linked_entity_match IS 'A place where a text names a linked entity.';
COMMENT ON COLUMN azure_cognitive.linked_entity_match.text IS 'The stretch as it stands in the text.';
COMMENT ON COLUMN azure_cognitive.linked_entity_match.confidence_score IS 'Between 0 and 1.';

COMMENT ON TYPE azure_cognitive.linked_entity IS 'Something that a text names, with its entry in an encyclopedia.';
COMMENT ON COLUMN azure_cognitive.linked_entity.name IS 'Title of the entry.';
COMMENT ON COLUMN azure_cognitive.linked_entity.data_source_entity_id IS 'The entry''s id in its source.';
COMMENT ON COLUMN azure_cognitive.linked_entity.language IS 'Language of the entry.';
COMMENT ON COLUMN azure_cognitive.linked_entity.data_source IS 'The encyclopedia, such as Wikipedia.';
COMMENT ON COLUMN azure_cognitive.linked_entity.url IS 'Address of the entry.';
COMMENT ON COLUMN azure_cognitive.linked_entity.matches IS 'Where the text names it.';
COMMENT ON COLUMN azure_cognitive.linked_entity.bing_entity_search_api_id IS 'Id for Bing Entity Search.';

COMMENT ON TYPE azure_cognitive.pii_entity_recognition_result IS 'Personal information in a text.';
COMMENT ON COLUMN azure_cognitive.pii_entity_recognition_result.redacted_text IS
    'The text with an asterisk for each character of it.';
COMMENT ON COLUMN azure_cognitive.pii_entity_recognition_result.entities IS 'What was found; NULL where nothing was.';

COMMENT ON TYPE azure_cognitive.sentence IS 'A sentence of an extractive summary.';
COMMENT ON COLUMN azure_cognitive.sentence.text IS 'The sentence as it stands in the text.';
COMMENT ON COLUMN azure_cognitive.sentence.rank_score IS 'Its weight, between 0 and 1.';

COMMENT ON TYPE azure_cognitive.transliterated_text IS 'A text in another script.';
COMMENT ON COLUMN azure_cognitive.transliterated_text.script IS 'Code of the script, such as Latn.';
COMMENT ON COLUMN azure_cognitive.transliterated_text.text IS 'The text in it.';

COMMENT ON TYPE azure_cognitive.translation IS 'A translation into one language.';
COMMENT ON COLUMN azure_cognitive.translation.target_language IS 'Code of the language.';
COMMENT ON COLUMN azure_cognitive.translation.text IS 'The translation.';
COMMENT ON COLUMN azure_cognitive.translation.transliteration IS
    'The translation in the script asked for; NULL where none was.';

COMMENT ON TYPE azure_cognitive.detected_language IS 'Language that the Translator took a text for.';
COMMENT ON COLUMN azure_cognitive.detected_language.language IS 'Its code.';
COMMENT ON COLUMN azure_cognitive.detected_language.score IS 'Between 0 and 1.';

COMMENT ON TYPE azure_cognitive.translated_text_result IS 'The translations of a text.';
COMMENT ON COLUMN azure_cognitive.translated_text_result.translations IS
    'One for each target language, in the order asked for.';
COMMENT ON COLUMN azure_cognitive.translated_text_result.detected_language IS 'NULL where the source language was given.';
COMMENT ON COLUMN azure_cognitive.translated_text_result.source_text IS
    'The text in the usual script of its language, where it came in another one; else NULL.';
