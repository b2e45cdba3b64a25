"""The routes of the Language service."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pgazure.emulator.call import name_always
from pgazure.emulator.language.analyze_text import check_analysis, list_analysis_operations
from pgazure.emulator.language.conversations import ConversationTask, read_conversation_job
from pgazure.emulator.language.jobs import Jobs, write_job
from pgazure.emulator.language.kinds import KINDS
from pgazure.emulator.language.request import list_task_operations
from pgazure.emulator.language.text_analytics import (
    PATHS,
    check_path,
    list_analyze_operations,
    list_paths,
    read_analyze_job,
    read_health_job,
    write_analyze_job,
    write_health_job,
)
from pgazure.emulator.language.text_jobs import read_text_job
from pgazure.emulator.language.understanding import OPERATION, check_utterance
from pgazure.emulator.language.voice import LanguageVoice

if TYPE_CHECKING:
    from starlette.routing import Route

    from pgazure.emulator.room import Room

_V31 = "/text/analytics/v3.1"
_list_text_operations = partial(list_task_operations, known=KINDS, otherwise="AnalyzeTextJobs")
_list_talk_operations = partial(
    list_task_operations, known=ConversationTask.RESULTS, otherwise="AnalyzeConversationsJobs"
)


def routes(room: Room) -> list[Route]:
    """List the routes."""
    gateway, options = room.gateway, room.options
    voice = LanguageVoice()
    listed = room.answer(voice, list_analysis_operations, check_analysis, "/language/:analyze-text")
    understand = partial(check_utterance, rules=options.answers)
    listed += room.answer(voice, name_always(OPERATION), understand, "/language/:analyze-conversations")
    for name in PATHS:
        listed += room.answer(voice, name_always(name), partial(check_path, kind=KINDS[name]), *list_paths(name))

    texts, talks = "/language/analyze-text/jobs", "/language/analyze-conversations/jobs"
    analyses, health = f"{_V31}/analyze/jobs", f"{_V31}/entities/health/jobs"
    for started, kept, intake, operations, write in (
        (texts, texts, read_text_job, _list_text_operations, write_job),
        (talks, talks, read_conversation_job, _list_talk_operations, write_job),
        (f"{_V31}/analyze", analyses, read_analyze_job, list_analyze_operations, write_analyze_job),
        (health, health, read_health_job, name_always("Healthcare"), write_health_job),
    ):
        jobs = Jobs(gateway, kept, intake, operations, write, options.job_time, options.answers, voice)
        room.closing.append(jobs.close)
        listed += room.infer(jobs, started)
        if kept in {texts, talks}:
            listed += room.attend(voice, "CancelJob", jobs.cancel, f"{kept}/{{job}}:cancel", method="POST")
        if kept == health:
            listed += room.attend(voice, "CancelJob", jobs.cancel, f"{kept}/{{job}}", method="DELETE")
        listed += room.attend(voice, "PollJob", jobs.show, f"{kept}/{{job}}")
    return listed
