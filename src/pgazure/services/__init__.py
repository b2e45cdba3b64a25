"""Adapters of the official SDKs: the only importers of ``azure.*`` and ``openai``.

Each method sends one request for texts that already fit into it, once, and
gives one result or :class:`pgazure.types.DocumentError` for each, in order.
"""
