"""Secrets: a wrapper without a text form, and a redactor for every sink."""

from __future__ import annotations

from collections.abc import Iterable

MASK = "[redacted]"


class Secret:
    """Holds a secret. Only `reveal()` gives it away; no repr, str, format, pickle or comparison does."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is not pickled")

    def __bool__(self) -> bool:
        return bool(self._value)


class Redactor:
    """Masks known secrets in any text, also where they stand base64-, URL-, JSON-, HTML- or hex-encoded.

    Secrets shorter than four characters are not looked for: masking them would shred the text and protect nothing.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._needles: list[str] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        value = secret.reveal()
        if len(value) < 4:
            return
        import base64
        import html
        import json
        from urllib.parse import quote, quote_plus

        forms = {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}
        forms.add(json.dumps(value, ensure_ascii=False)[1:-1])
        forms |= {repr(value)[1:-1], html.escape(value), value.encode().hex()}
        encoded = value.encode()
        for shift in range(3):
            # A base64 text shows the same characters wherever the secret starts at the same offset modulo 3;
            # cut the characters that its neighbours take part in.
            body = base64.b64encode(b"\0" * shift + encoded).decode().rstrip("=")
            core = body[(0, 2, 3)[shift] : len(body) - (1 if (shift + len(encoded)) % 3 else 0)]
            if len(core) >= 8:
                forms.add(core)
                forms.add(core.replace("+", "-").replace("/", "_"))
        # Any of these may stand inside a JSON text once more.
        forms |= {json.dumps(form)[1:-1] for form in forms}
        self._needles = sorted({*self._needles, *forms}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, MASK)
        return text
