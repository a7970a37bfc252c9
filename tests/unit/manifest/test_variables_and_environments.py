"""Variables, environments, overlays: what comes out, and where errors point."""

from __future__ import annotations

import pytest

from declarative.core.errors import InvalidError
from declarative.manifest import load
from declarative.manifest.locate import DocumentLocator
from declarative.manifest.rendered import rendered
from declarative.manifest.variables import read_variable_file

OVERLAY_HEAD = "apiVersion: declarative/v1\nkind: Asset\nmetadata: {name: web-01}\n"
HEAD = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: acme}\nspec:\n"
ASSET_HEAD = OVERLAY_HEAD + "spec:\n  connector: snow\n"


def asset(core: str) -> str:
    return f"{ASSET_HEAD}  identityAttributes: {{hostName: web-01}}\n  coreAttributes:\n{core}"


def core_of(loaded):
    assert not loaded.diagnostics, loaded.diagnostics
    return loaded.manifests[0].spec["coreAttributes"]


def told(loaded):
    return [(str(one.position), one.rule) for one in loaded.diagnostics]


def test_a_variable_alone_is_typed_by_the_place_where_it_is_used(project):
    core = "    assignedLocation: {zip: '${var.n}'}\n    biosInfo: {totalMemory: '${var.n}'}\n    isContainer: '${var.flag}'\n"
    spec = HEAD + "  variables: {n: 02134, flag: true}\n"
    value = core_of(load(project({"manifests/a.yaml": asset(core)}, spec)))
    assert value["assignedLocation"] == {"zip": "02134"}
    assert value["biosInfo"]["totalMemory"] == 2134
    assert value["isContainer"] is True


def test_a_variable_inside_text_is_put_in_as_written(project):
    core = "    hostName: web-${var.n}.${var.site}.example\n    description: x\n".replace("    description: x\n", "")
    spec = HEAD + "  variables: {n: 007, site: {default: eu, description: The site.}}\n"
    assert core_of(load(project({"manifests/a.yaml": asset(core)}, spec)))["hostName"] == "web-007.eu.example"


def test_two_dollars_stand_for_a_plain_one(project):
    value = core_of(load(project({"manifests/a.yaml": asset("    hostName: $${var.x} $5 $\n")})))
    assert value["hostName"] == "${var.x} $5 $"


def test_a_variable_may_be_a_list_when_alone(project):
    spec = HEAD + "  variables: {names: {default: [0123, b]}}\n"
    core = "    networkInterfaces: [{interfaceName: eth0, ipv4Address: '${var.names}'}]\n"
    assert core_of(load(project({"manifests/a.yaml": asset(core)}, spec)))["networkInterfaces"][0]["ipv4Address"] == ["0123", "b"]


def test_a_variable_may_be_made_of_others_and_of_the_environment(project):
    spec = HEAD + "  variables: {host: 'web-${var.site}', site: '${env.SITE}'}\n"
    root = project({"manifests/a.yaml": asset("    hostName: ${var.host}\n")}, spec)
    assert core_of(load(root, environ={"SITE": "eu"}))["hostName"] == "web-eu"


def test_a_given_value_wins_over_the_environment_and_that_over_the_default(project):
    spec = HEAD + "  variables: {x: default}\n  environments: {prod: {variables: {x: prod}}, test: {}}\n"
    root = project({"manifests/a.yaml": asset("    hostName: ${var.x}\n")}, spec)
    assert core_of(load(root))["hostName"] == "default"
    assert core_of(load(root, environment="test"))["hostName"] == "default"
    assert core_of(load(root, environment="prod"))["hostName"] == "prod"
    assert core_of(load(root, environment="prod", variables={"x": "0123"}))["hostName"] == "0123"


@pytest.mark.parametrize(
    ("written", "rule", "hint"),
    [
        ("${var.sitee}", "variable/missing", 'did you mean "site"?'),
        ("${var.needed}", "variable/missing", "--var needed=VALUE"),
        ("${env.HOSTNAM}", "variable/missing", 'did you mean "HOSTNAME"?'),
        ("${site}", "variable/syntax", "${var.NAME}"),
        ("x ${var.site", "variable/syntax", "$${"),
        ("${var.loop}", "variable/cycle", ""),
        ("${env.QUALYS_PASSWORD}", "variable/secret", "credentials"),
        ("a ${var.list} b", "variable/type", "alone"),
    ],
)
def test_a_reference_that_cannot_be_resolved_is_an_error_at_the_place_of_use(project, written, rule, hint):
    spec = HEAD + "  variables: {site: eu, needed: null, loop: 'x${var.loop}', list: {default: [a]}}\n"
    loaded = load(
        project({"manifests/a.yaml": asset(f"    hostName: '{written}'\n")}, spec),
        environ={"HOSTNAME": "h", "QUALYS_PASSWORD": "s3cret"},
    )
    (one,) = loaded.diagnostics
    assert one.rule == rule
    assert hint in (one.hint or "")
    assert str(one.position) == "manifests/a.yaml:8:15"
    assert one.address == "Asset/web-01"
    assert "s3cret" not in repr(loaded)


def test_a_wrong_value_is_reported_where_the_variable_was_written(project):
    spec = HEAD + "  variables:\n    flag: perhaps\n"
    (one,) = load(project({"manifests/a.yaml": asset("    isContainer: ${var.flag}\n")}, spec)).diagnostics
    assert str(one.position) == "declarative.yaml:6:11"
    assert one.excerpt == "    flag: perhaps"
    assert one.pointer == "/spec/coreAttributes/isContainer"
    assert 'variable "flag"' in one.message


def test_a_wrong_value_from_the_command_line_is_reported_at_its_use(project):
    spec = HEAD + "  variables: {flag: true}\n"
    (one,) = load(
        project({"manifests/a.yaml": asset("    isContainer: ${var.flag}\n")}, spec), variables={"flag": "perhaps"}
    ).diagnostics
    assert str(one.position) == "manifests/a.yaml:8:18"
    assert "command line" in one.message


def test_a_declared_type_is_kept_to(project):
    spec = HEAD + "  variables: {n: {default: 5, type: integer}}\n"
    root = project({"manifests/a.yaml": asset("    hostName: web-${var.n}\n")}, spec)
    assert core_of(load(root, variables={"n": "7"}))["hostName"] == "web-7"
    (one,) = load(root, variables={"n": "many"}).diagnostics
    assert one.rule == "variable/type"


def test_an_undeclared_variable_on_the_command_line_is_an_error(project):
    (one,) = load(project({}, HEAD + "  variables: {site: eu}\n"), variables={"sitte": "x"}).diagnostics
    assert (one.rule, one.hint) == ("variable/undeclared", 'did you mean "site"?')


def test_keys_kinds_and_names_of_keys_are_not_templates(project):
    core = "    customConnectorAttributes: {'${var.x}': v}\n"
    assert core_of(load(project({"manifests/a.yaml": asset(core)})))["customConnectorAttributes"] == {"${var.x}": "v"}


def test_project_settings_may_use_variables(project):
    spec = (
        HEAD
        + "  baseUrl: https://${var.host}\n  variables: {host: gw.example.com}\n  environments: {p: {baseUrl: 'https://p.${var.host}'}}\n"
    )
    root = project({}, spec)
    assert load(root).project.base_url == "https://gw.example.com"
    assert load(root, environment="p").project.base_url == "https://p.gw.example.com"


def test_an_unknown_environment_is_refused_with_a_suggestion(project):
    with pytest.raises(InvalidError, match="prodd") as caught:
        load(project({}, HEAD + "  environments: {prod: {}}\n"), environment="prodd")
    assert caught.value.hint == 'did you mean "prod"?'


def test_an_environment_has_settings_and_a_state_of_its_own(project):
    spec = HEAD + "  platform: EU1\n  settle: 1h\n  limits: {create: {absolute: 9}}\n"
    spec += "  environments:\n    prod: {baseUrl: https://gw.example.com, settle: 5m, limits: {run: {absolute: 1}}}\n"
    root = project({}, spec)
    base, prod = load(root).project, load(root, environment="prod").project
    assert (base.base_url, prod.base_url) == ("https://gateway.qg1.apps.qualys.eu", "https://gw.example.com")
    assert (base.settle.seconds, prod.settle.seconds) == (3600, 300)
    assert (prod.limits.create.absolute, prod.limits.run.absolute, base.limits.run.absolute) == (9, 1, 5)
    assert base.state_url != prod.state_url
    assert load(root).digest != load(root, environment="prod").digest


OVERLAY = """\
  environments:
    prod:
      overlays:
        - overlays/prod.yaml
        - target: Asset/web-*
          patch:
            spec:
              coreAttributes: {dnsName: 0123, domain: null}
"""


def test_overlays_are_merged_in_order_and_a_null_removes(project):
    overlay = OVERLAY_HEAD + "spec:\n  coreAttributes: {dnsName: first, osVersion: 1.10}\n"
    files = {"manifests/a.yaml": asset("    hostName: web\n    domain: x\n    dnsName: old\n"), "overlays/prod.yaml": overlay}
    root = project(files, HEAD + OVERLAY)
    assert core_of(load(root)) == {"hostName": "web", "domain": "x", "dnsName": "old"}
    loaded = load(root, environment="prod")
    assert core_of(loaded) == {"hostName": "web", "dnsName": "0123", "osVersion": "1.10"}
    locate = loaded.manifests[0].locate
    assert str(locate("/spec/coreAttributes/dnsName")) == "declarative.yaml:12:41"
    assert str(locate("/spec/coreAttributes/osVersion")) == "overlays/prod.yaml:5:47"
    assert str(locate("/spec/coreAttributes/hostName")) == "manifests/a.yaml:8:15"


def test_overlay_files_are_no_manifests_of_their_own(project):
    spec = HEAD + "  manifests: ['**/*.yaml']\n" + OVERLAY
    overlay = OVERLAY_HEAD + "spec: {coreAttributes: {}}\n"
    root = project({"manifests/a.yaml": asset("    hostName: web\n"), "overlays/prod.yaml": overlay}, spec)
    assert load(root).files == ("declarative.yaml", "manifests/a.yaml")


def test_an_error_in_an_overlaid_value_points_into_the_overlay(project):
    overlay = OVERLAY_HEAD + "spec:\n  coreAttributes:\n    isContainer: maybe\n"
    root = project({"manifests/a.yaml": asset("    hostName: web\n"), "overlays/prod.yaml": overlay}, HEAD + OVERLAY)
    (one,) = load(root, environment="prod").diagnostics
    assert str(one.position) == "overlays/prod.yaml:6:18"
    assert one.address == "Asset/web-01"


def test_an_overlay_is_not_blamed_when_its_manifest_cannot_be_read(project):
    overlay = OVERLAY_HEAD + "spec: {}\n"
    root = project({"manifests/a.yaml": "metadata: {name: web-01\n", "overlays/prod.yaml": overlay}, HEAD + OVERLAY)
    (one,) = load(root, environment="prod").diagnostics
    assert one.rule == "yaml/syntax"


def test_a_reference_in_braces_without_quotes_is_told_to_be_quoted(project):
    root = project({"manifests/a.yaml": "metadata: {name: ${var.name}}\n"})
    (one,) = load(root).diagnostics
    assert str(one.hint) == 'quote it inside of brackets: "${var.NAME}"'


def test_a_project_may_say_that_having_no_manifests_is_fine(project):
    head = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: acme}\nspec:\n  manifests: [none/]\n"
    assert [one.rule for one in load(project({}, head)).diagnostics] == ["project/no-manifests"]
    quiet = head + "  rules: {project/no-manifests: {severity: off, reason: new}}\n"
    assert load(project({}, quiet)).diagnostics == ()


def test_an_overlay_without_a_manifest_is_an_error(project):
    overlay = OVERLAY_HEAD.replace("web-01", "web-1") + "spec: {}\n"
    root = project({"manifests/a.yaml": asset("    hostName: web\n"), "overlays/prod.yaml": overlay}, HEAD + OVERLAY)
    (one,) = load(root, environment="prod").diagnostics
    assert one.rule == "overlay/no-target"
    assert str(one.position) == "overlays/prod.yaml:1:1"


def test_overlay_paths_stay_inside_the_project(project):
    spec = HEAD + "  environments: {prod: {overlays: [../x.yaml, missing.yaml]}}\n"
    assert [rule for _, rule in told(load(project({}, spec), environment="prod"))] == ["path/outside-project", "overlay/no-files"]


def test_a_long_number_at_a_text_place_of_a_patch_is_text(project):
    patch = "{spec: {coreAttributes: {dnsName: 12345678901234567890123}}}"
    spec = HEAD + f"  environments: {{prod: {{overlays: [{{target: Asset/*, patch: {patch}}}]}}}}\n"
    root = project({"manifests/a.yaml": asset("    hostName: web\n")}, spec)
    assert core_of(load(root, environment="prod"))["dnsName"] == "12345678901234567890123"


def test_render_says_where_each_foreign_value_came_from(project):
    overlay = OVERLAY_HEAD + "spec:\n  coreAttributes: {osVersion: 1.10}\n"
    files = {"manifests/a.yaml": asset("    hostName: ${var.site}\n"), "overlays/prod.yaml": overlay}
    text = rendered(load(project(files, HEAD + "  variables: {site: eu}\n" + OVERLAY), environment="prod"))
    assert '    hostName: eu  # from variable "site", declarative.yaml:5:21\n' in text
    assert '    osVersion: "1.10"  # from an overlay, overlays/prod.yaml:5:31\n' in text


def test_rendered_manifests_read_back_equal(project, tmp_path_factory):
    core = "    hostName: '007'\n    domain: 'a: b # c'\n    osVersion: \"x\\ty\\nz\"\n"
    core += "    customConnectorAttributes: {'yes': 'no', 'k: y': '', n: '~'}\n"
    loaded = load(project({"manifests/a.yaml": asset(core)}))
    again = tmp_path_factory.mktemp("again")
    (again / "manifests").mkdir()
    (again / "declarative.yaml").write_text(HEAD + "  platform: EU1\n")
    (again / "manifests" / "r.yaml").write_text(rendered(loaded))
    assert load(again).digest == loaded.digest


def test_a_variable_file_gives_text_as_written(tmp_path):
    path = tmp_path / "vars.yaml"
    path.write_text("zip: 02134\nname: 'x y'\nflag: true\n")
    assert read_variable_file(path) == {"zip": "02134", "name": "x y", "flag": "true"}


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: [1]\n", "- a\n", "a: [\n"])
def test_a_wrong_variable_file_is_refused(tmp_path, text):
    path = tmp_path / "vars.yaml"
    path.write_text(text)
    with pytest.raises(InvalidError, match=r"vars\.yaml"):
        read_variable_file(path)


def test_a_locator_survives_pickling(project):
    import pickle

    loaded = load(project({"manifests/a.yaml": asset("    hostName: web\n")}))
    locate = loaded.manifests[0].locate
    assert isinstance(locate, DocumentLocator)
    assert pickle.loads(pickle.dumps(locate))("/spec/connector") == locate("/spec/connector")
