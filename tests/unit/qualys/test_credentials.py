"""Which credentials win, and how missing ones are named."""

from __future__ import annotations

import pytest

from declarative.core.errors import AuthError
from declarative.qualys.credentials import ClientCredentials, PasswordCredentials, TokenCredentials, credentials_from

PAIR = {"QUALYS_USERNAME": "joe", "QUALYS_PASSWORD": "hunter22"}
TOKEN = {"QUALYS_TOKEN": "abc.def.ghi"}
CLIENT = {"QUALYS_CLIENT_ID": "id-1", "QUALYS_CLIENT_SECRET": "shh-shh"}


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        (PAIR, PasswordCredentials),
        (TOKEN, TokenCredentials),
        (CLIENT, ClientCredentials),
        (PAIR | TOKEN | CLIENT, PasswordCredentials),
        (TOKEN | CLIENT, TokenCredentials),
        ({"QUALYS_USERNAME": "joe"} | TOKEN, TokenCredentials),
        ({"QUALYS_PASSWORD": "x"} | CLIENT, ClientCredentials),
        (PAIR | {"QUALYS_PASSWORD": ""} | CLIENT, ClientCredentials),
        (PAIR | {"QUALYS_USERNAME": "  "} | TOKEN, TokenCredentials),
    ],
)
def test_the_first_complete_set_wins(environ, kind):
    assert isinstance(credentials_from(environ), kind)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "QUALYS_USERNAME and QUALYS_PASSWORD are missing"),
        ({"QUALYS_USERNAME": "joe"}, "QUALYS_USERNAME is set but QUALYS_PASSWORD is missing"),
        ({"QUALYS_PASSWORD": "x"}, "QUALYS_PASSWORD is set but QUALYS_USERNAME is missing"),
        ({"QUALYS_CLIENT_ID": "x"}, "QUALYS_CLIENT_ID is set but QUALYS_CLIENT_SECRET is missing"),
        ({"QUALYS_TOKEN": " "}, "QUALYS_TOKEN"),
    ],
)
def test_missing_variables_are_named(environ, said):
    with pytest.raises(AuthError) as caught:
        credentials_from(environ)
    assert said in caught.value.message
    assert caught.value.exit_code == 9


def test_line_ends_of_a_secret_file_go_and_inner_blanks_stay():
    found = credentials_from({"QUALYS_USERNAME": " joe\n", "QUALYS_PASSWORD": " pass word \r\n"})
    assert isinstance(found, PasswordCredentials)
    assert (found.username, found.password.reveal()) == ("joe", " pass word ")


def test_a_pasted_scheme_is_taken_off_the_token():
    found = credentials_from({"QUALYS_TOKEN": "Bearer abc.def.ghi\n"})
    assert isinstance(found, TokenCredentials)
    assert found.token.reveal() == "abc.def.ghi"


@pytest.mark.parametrize(
    "environ",
    [
        {"QUALYS_TOKEN": "abc\r\nX-Evil: 1"},
        {"QUALYS_TOKEN": "abc déf"},
        {"QUALYS_CLIENT_ID": "a\nb", "QUALYS_CLIENT_SECRET": "secret"},
        {"QUALYS_CLIENT_ID": "number-17", "QUALYS_CLIENT_SECRET": "se\ncret"},
        {"QUALYS_USERNAME": "a\x00b", "QUALYS_PASSWORD": "secret"},
    ],
)
def test_a_value_that_could_break_a_header_is_refused_unshown(environ):
    with pytest.raises(AuthError) as caught:
        credentials_from(environ)
    assert not any(value in caught.value.message for value in environ.values())


@pytest.mark.parametrize("environ", [PAIR, TOKEN, CLIENT])
def test_no_text_form_shows_a_secret(environ):
    found = credentials_from(environ)
    shown = f"{found!r} {found} {found.secrets!r}"
    assert not any(secret.reveal() in shown for secret in found.secrets)
