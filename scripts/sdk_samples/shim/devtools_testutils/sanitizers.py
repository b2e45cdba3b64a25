"""What would clean a recording."""

from . import _do_nothing

add_header_regex_sanitizer = add_oauth_response_sanitizer = _do_nothing
