"""Credentials of tests that are played back; here they are real ones."""

from azure.identity.aio import DefaultAzureCredential as AsyncFakeCredential

__all__ = ["AsyncFakeCredential"]
