"""What must not stand in a cassette, taken out: keys, tokens, cookies, names of resources, and texts on wish."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ScrubText = Callable[[str], str]
"""Says what a cassette has in the place of a text."""

SCRUBBED = "scrubbed"
"""What stands in the place of a secret."""

_SECRET_HEADERS = re.compile(r"key|token|auth|cookie|secret|password|credential|signature", re.IGNORECASE)
_SECRET_PARAMETERS = re.compile(r"^(code|sig)$|key|token|secret|password|signature|assertion", re.IGNORECASE)
# Narrower: a body has keys that are no secrets, and tokens that are words.
_SECRET_FIELDS = re.compile(
    r"(api|subscription|access|account|primary|secondary)_?key$|(access|refresh|id|bearer|sas)_?token$|"
    r"secret|password$|assertion$|^authorization$",
    re.IGNORECASE,
)
# Told by their shape, wherever they stand: tokens of Entra ID, and signatures of addresses.
_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|(?<=[?&]sig=)[^&\s\"]+")
_SHORTEST = 6


@dataclass(slots=True)
class Scrubber:
    """Takes secrets out.

    Args:
        text: Called with each string of a body that is not a name; what it gives stands in its place.
    """

    text: ScrubText | None = None
    _secrets: set[str] = field(default_factory=set, repr=False)

    def learn(self, headers: Iterable[tuple[str, str]], query: Iterable[tuple[str, str]]) -> None:
        """Remember the secrets that a request carries, to take them out wherever they turn up."""
        found = [value for name, value in headers if _SECRET_HEADERS.search(name)]
        found += [value for name, value in query if _SECRET_PARAMETERS.search(name)]
        for value in found:
            # A scheme, as in "Bearer …", is no secret; what follows it is.
            scheme, _, rest = value.partition(" ")
            known = {value, rest} if scheme.lower() in {"bearer", "basic", "sharedkey"} else {value}
            self._secrets |= {secret for secret in known if len(secret) >= _SHORTEST}

    def scrub_headers(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Leave out headers that carry secrets, by their names; request ids and what is left of a quota stay."""
        return [
            (name, self.scrub_string(value))
            for name, value in headers
            if not _SECRET_HEADERS.search(name) or name.lower().startswith("x-ratelimit-")
        ]

    def scrub_pairs(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Take the secrets out of the parameters of a URL, or of a form."""
        return [
            (name, SCRUBBED if _SECRET_PARAMETERS.search(name) else self.scrub_string(value)) for name, value in pairs
        ]

    def scrub_content(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Take the secrets, and on wish the texts, out of a body."""
        match content:
            case {"json": value}:
                return {"json": self._scrub_value(value)}
            case {"events": events}:
                return {"events": [self._scrub_event(event) for event in events]}
            case {"form": pairs}:
                return {"form": [list(pair) for pair in self.scrub_pairs(pairs)]}
            case {"text": text}:
                return {"text": self._scrub_text(text)}
            case _:
                return dict(content)

    def scrub_string(self, value: str) -> str:
        """Take the secrets out of a string."""
        for secret in self._secrets:
            value = value.replace(secret, SCRUBBED)
        return _TOKEN.sub(SCRUBBED, value)

    def _scrub_text(self, value: str) -> str:
        value = self.scrub_string(value)
        return value if self.text is None else self.text(value)

    def _scrub_value(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {inner: self._scrub_value(one, inner) for inner, one in value.items()}
        if isinstance(value, list):
            return [self._scrub_value(one, name) for one in value]
        if not isinstance(value, str):
            return value
        return SCRUBBED if _SECRET_FIELDS.search(name.replace("-", "_")) else self._scrub_text(value)

    def _scrub_event(self, event: str) -> str:
        return "\n".join(self._scrub_line(line) for line in event.split("\n"))

    def _scrub_line(self, line: str) -> str:
        name, separator, data = line.partition(": ")
        if name != "data":
            return self.scrub_string(line)
        try:
            value = json.loads(data)
        except ValueError:
            return self.scrub_string(line)
        scrubbed = json.dumps(self._scrub_value(value), ensure_ascii=False, separators=(",", ":"))
        return f"{name}{separator}{scrubbed}"
