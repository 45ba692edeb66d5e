"""Tells schemathesis how newline-delimited JSON is sent: as the text that the description asks for."""

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
