"""What a forge is to us: a place that holds posts, some of them ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from msgspec import Struct

from declarative.core.secrets import Secret

ForgeName = Literal["github", "gitlab"]


class Place(Struct, frozen=True):
    """Where to write. `repository` is OWNER/NAME on GitHub, the project's id or path on GitLab; `number` the change
    request's number in it, None where only issues are written."""

    forge: ForgeName
    api: str
    repository: str
    token: Secret
    number: int | None = None


class Post(Struct, frozen=True):
    """A comment or an issue. `mine`: written by the user (or an app, a bot) whose token we hold, as far as the forge tells:
    another person's post that carries our marker is bait, since its author could change what it says afterwards."""

    id: int
    body: str
    url: str
    mine: bool


class Forge(Protocol):
    """Every method raises ApiError or AuthError."""

    comment_limit: int

    def comments(self) -> Iterator[Post]: ...

    def add_comment(self, body: str) -> Post: ...

    def edit_comment(self, post: Post, body: str) -> Post: ...

    def issues(self) -> Iterator[Post]:
        """Open ones."""
        ...

    def add_issue(self, title: str, body: str) -> Post: ...

    def edit_issue(self, post: Post, body: str) -> Post: ...

    def close_issue(self, post: Post) -> Post: ...
