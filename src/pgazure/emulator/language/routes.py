"""The routes of the Language service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgazure.emulator.language.analyze_text import AnalyzeText
from pgazure.emulator.language.conversations import list_conversation_operations, read_conversation_job
from pgazure.emulator.language.jobs import Jobs, write_job
from pgazure.emulator.language.kinds import KINDS
from pgazure.emulator.language.text_analytics import (
    PATHS,
    AnalyzePath,
    list_analyze_operations,
    list_health_operations,
    list_paths,
    read_analyze_job,
    read_health_job,
    write_analyze_job,
    write_health_job,
)
from pgazure.emulator.language.text_jobs import list_text_operations, read_text_job
from pgazure.emulator.language.understanding import AnalyzeConversations

if TYPE_CHECKING:
    from starlette.routing import Route

    from pgazure.emulator.room import Room

_V31 = "/text/analytics/v3.1"


def routes(room: Room) -> list[Route]:
    """List the routes."""
    gateway, options = room.gateway, room.options
    listed = room.infer(AnalyzeText(gateway), "/language/:analyze-text")
    listed += room.infer(AnalyzeConversations(gateway, options.answers), "/language/:analyze-conversations")
    for name in PATHS:
        listed += room.infer(AnalyzePath(gateway, KINDS[name]), *list_paths(name))

    texts, talks = "/language/analyze-text/jobs", "/language/analyze-conversations/jobs"
    analyses, health = f"{_V31}/analyze/jobs", f"{_V31}/entities/health/jobs"
    for started, kept, intake, operations, write in (
        (texts, texts, read_text_job, list_text_operations, write_job),
        (talks, talks, read_conversation_job, list_conversation_operations, write_job),
        (f"{_V31}/analyze", analyses, read_analyze_job, list_analyze_operations, write_analyze_job),
        (health, health, read_health_job, list_health_operations, write_health_job),
    ):
        jobs = Jobs(gateway, kept, intake, operations, write, options.job_time, options.answers)
        room.closing.append(jobs.close)
        listed += room.infer(jobs, started)
        if kept in {texts, talks}:
            listed += room.attend(jobs, "CancelJob", jobs.cancel, f"{kept}/{{job}}:cancel", method="POST")
        if kept == health:
            listed += room.attend(jobs, "CancelJob", jobs.cancel, f"{kept}/{{job}}", method="DELETE")
        listed += room.attend(jobs, "PollJob", jobs.show, f"{kept}/{{job}}")
    return listed
