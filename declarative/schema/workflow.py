"""The workflow of a new project, for GitHub Actions: `declarative init` writes it."""

from __future__ import annotations

from declarative import __version__

# Each action by the commit of the release that its comment names: a tag can be moved, a commit cannot.
_CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
_SETUP_PYTHON = "actions/setup-python@a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0"
_UPLOAD = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1"

_WORKFLOW = """\
# Checks every change, and shows what it would do. Applying is a decision of its own: see `declarative apply`.
# Before the first pull request: environment `inventory-read` with the secrets QUALYS_USERNAME and QUALYS_PASSWORD of a user
# who may only read, and, for a team, DECLARATIVE_STATE, the URL of a PostgreSQL state.
name: declarative
on:
  pull_request:
  push:
    branches: [main]
permissions: {}
concurrency:
  group: declarative-${{ github.event_name }}-${{ github.ref }}
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}
jobs:
  # Also for forks: no secret, no permission but to read.
  validate:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read
    steps:
      - uses: CHECKOUT
        with:
          persist-credentials: false
      - uses: SETUP_PYTHON
        with:
          python-version: "3.12"
      - run: python -m pip install 'qualys-declarative==VERSION'
      - run: declarative validate -o github
      - run: declarative fmt --check --diff
  # A pull request of this repository: a fork has no secrets, and its changes are not to be trusted with any.
  plan:
    needs: validate
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    runs-on: ubuntu-24.04
    timeout-minutes: 60
    environment: inventory-read
    permissions:
      contents: read
      pull-requests: write
    steps:
      - uses: CHECKOUT
        with:
          persist-credentials: false
      - uses: SETUP_PYTHON
        with:
          python-version: "3.12"
      - run: python -m pip install 'qualys-declarative[postgres]==VERSION'
      - run: declarative plan --out plan.json -o text -o markdown=plan.md
        env:
          QUALYS_USERNAME: ${{ secrets.QUALYS_USERNAME }}
          QUALYS_PASSWORD: ${{ secrets.QUALYS_PASSWORD }}
          DECLARATIVE_STATE: ${{ secrets.DECLARATIVE_STATE }}
      # A blocked plan is shown too.
      - if: ${{ !cancelled() && hashFiles('plan.md') != '' }}
        run: |
          cat plan.md >> "$GITHUB_STEP_SUMMARY"
          declarative ci comment --body-file plan.md
        env:
          GITHUB_TOKEN: ${{ github.token }}
      - uses: UPLOAD
        with:
          name: plan
          path: plan.json
          retention-days: 7
"""


def workflow_text() -> str:
    """The file's text: it installs the version of the tool that wrote it."""
    text = _WORKFLOW.replace("VERSION", __version__)
    for name, action in (("CHECKOUT", _CHECKOUT), ("SETUP_PYTHON", _SETUP_PYTHON), ("UPLOAD", _UPLOAD)):
        text = text.replace(f"uses: {name}\n", f"uses: {action}\n")
    return text
