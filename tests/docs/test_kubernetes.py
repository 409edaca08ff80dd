"""The workers on Kubernetes: valid to the API, as confined as the container, and restarted only when that helps."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bot.config.loading import load
from bot.monitoring.health import SWEEP, Health
from bot.monitoring.health_report import HealthReport

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RESOURCES: dict[str, dict[str, Any]] = {
    one["kind"]: one for one in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))
}
SPEC: dict[str, Any] = RESOURCES["Deployment"]["spec"]
POD: dict[str, Any] = SPEC["template"]["spec"]
WORKER: dict[str, Any] = POD["containers"][0]
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.cluster.yaml").read_text("utf-8"))["services"]["paperboy"]
OLDEST = "1.27"  # the file's own first line says so


def test_what_is_looked_at() -> None:
    assert [*RESOURCES] == ["Secret", "ConfigMap", "Deployment", "PodDisruptionBudget"]
    assert len(POD["containers"]) == 1
    assert f"Kubernetes {OLDEST} or newer" in (DEPLOY / "kubernetes.yaml").read_text("utf-8").partition("\n")[0]


class TestApi:
    @pytest.mark.parametrize("version", [OLDEST, "1.32", kubernetes_validate.latest_version()])
    @pytest.mark.parametrize("kind", RESOURCES)
    def test_takes_each_resource(self, kind: str, version: str) -> None:
        """Strictly: a field that does not exist there, such as one that is misspelt, is refused as well."""
        assert kubernetes_validate.validate(RESOURCES[kind], version, strict=True) in version

    def test_would_refuse_a_field_that_it_does_not_know(self) -> None:
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate({**RESOURCES["ConfigMap"], "date": {}}, OLDEST, strict=True)

    def test_all_belongs_together(self) -> None:
        labels = {"app.kubernetes.io/name": "paperboy"}
        for kind, one in RESOURCES.items():
            assert one["metadata"] == {"name": "paperboy", "labels": labels}, kind
        assert SPEC["template"]["metadata"]["labels"] == labels
        selectors = [SPEC["selector"], RESOURCES["PodDisruptionBudget"]["spec"]["selector"]]
        selectors += [one["labelSelector"] for one in POD["topologySpreadConstraints"]]
        assert selectors == [{"matchLabels": labels}] * 3


class TestSettings:
    def test_are_taken_by_the_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "paperboy.toml").write_text(RESOURCES["ConfigMap"]["data"]["paperboy.toml"], "utf-8")
        for name, value in RESOURCES["Secret"]["stringData"].items():
            if name != "PAPERBOY_STORE__URL":
                monkeypatch.setenv(name, value)

        settings = load(tmp_path / "paperboy.toml")

        assert settings.telegram
        assert settings.telegram.token
        assert settings.slack
        assert settings.slack.app_token
        assert settings.store.folder.is_relative_to("/tmp")  # all else is read-only

    def test_every_worker_sees_the_same_posts(self) -> None:
        sources = tomllib.loads(RESOURCES["ConfigMap"]["data"]["paperboy.toml"])["sources"]
        assert {source["kind"] for source in sources} == {"git"}

    def test_secrets_are_obviously_none(self) -> None:
        assert all("FAKE" in value for value in RESOURCES["Secret"]["stringData"].values())
        assert RESOURCES["Secret"]["stringData"]["PAPERBOY_STORE__URL"].startswith("postgresql://")
        assert not re.search("token|secret|postgresql:", RESOURCES["ConfigMap"]["data"]["paperboy.toml"])

    def test_are_found(self) -> None:
        [settings] = [one for one in POD["volumes"] if "configMap" in one]
        [mount] = [one for one in WORKER["volumeMounts"] if one["name"] == settings["name"]]
        assert settings["configMap"] == {"name": "paperboy", "defaultMode": 0o440}
        assert mount["readOnly"] is True
        assert WORKER["env"] == [{"name": "PAPERBOY_CONFIG", "value": f"{mount['mountPath']}/paperboy.toml"}]
        assert WORKER["envFrom"] == [{"secretRef": {"name": "paperboy"}}]


class TestWorkers:
    def test_are_two_of_one_version(self) -> None:
        assert SPEC["replicas"] == COMPOSE["deploy"]["replicas"]
        assert SPEC["strategy"] == {"type": "Recreate"}

    def test_run_the_container(self) -> None:
        version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
        assert WORKER["image"] == f"registry.example.org/{COMPOSE['image']}:{version}"
        assert f'CMD ["{WORKER["args"][0]}"]' in (DEPLOY / "Dockerfile").read_text("utf-8")

    def test_are_confined(self) -> None:
        inside, pod = WORKER["securityContext"], POD["securityContext"]
        assert inside["allowPrivilegeEscalation"] is False
        assert inside["readOnlyRootFilesystem"] is True
        assert inside["capabilities"] == {"drop": COMPOSE["cap_drop"]}
        assert pod["runAsNonRoot"] is True
        assert f"{pod['runAsUser']}:{pod['runAsGroup']}" == COMPOSE["user"]
        assert pod["fsGroup"] == pod["runAsGroup"]
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert POD["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(POD)

    def test_write_only_what_is_temporary(self) -> None:
        writable = {one["name"]: one["mountPath"] for one in WORKER["volumeMounts"] if not one.get("readOnly")}
        assert writable == {"tmp": "/tmp"}
        assert [one["emptyDir"] for one in POD["volumes"] if one["name"] == "tmp"] == [{"sizeLimit": "256Mi"}]

    def test_have_the_memory_of_the_other_container(self) -> None:
        assert WORKER["resources"]["limits"] == {"memory": COMPOSE["mem_limit"].upper().replace("M", "Mi")}
        assert set(WORKER["resources"]["requests"]) == {"cpu", "memory"}

    def test_leave_in_peace(self) -> None:
        assert f"{POD['terminationGracePeriodSeconds']}s" == COMPOSE["stop_grace_period"]

    def test_do_not_leave_all_at_once(self) -> None:
        budget = RESOURCES["PodDisruptionBudget"]["spec"]
        assert 1 <= budget["minAvailable"] < SPEC["replicas"]
        assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"

    def test_take_no_names_of_services_for_settings(self) -> None:
        assert POD["enableServiceLinks"] is False


def _hanging_task() -> str:
    health = Health()
    health.sign(SWEEP, -1.0)
    return health.report(time.time()).problems[0].what


def _dead_token() -> str:
    health = Health()
    health.delivered("telegram", "Unauthorized")
    return health.report(time.time()).problems[0].what


def _old_report(pid: int) -> str:
    return HealthReport(pid, 0.0, (), {}).problems_at(time.time())[0].what


def _hanging_process() -> str:
    return _old_report(os.getpid())


def _pid_of_an_ended_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def _probe(name: str, says: str, code: int, folder: Path) -> bool:
    """Tell whether a probe is content, where `paperboy health` says this to standard error."""
    (folder / "says").write_text(says, "utf-8")
    program = folder / "paperboy"
    program.write_text(f'#!/bin/sh\n[ "$*" = health ] || exit 99\ncat {folder}/says >&2\nexit {code}\n', "utf-8")
    program.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    done = subprocess.run(WORKER[name]["exec"]["command"], env={"PATH": path}, capture_output=True, check=False)
    return done.returncode == 0


class TestProbes:
    @pytest.mark.parametrize("name", ["startupProbe", "livenessProbe", "readinessProbe"])
    def test_one_that_is_well(self, name: str, tmp_path: Path) -> None:
        assert _probe(name, "", 0, tmp_path)

    @pytest.mark.parametrize("name", ["startupProbe", "livenessProbe", "readinessProbe"])
    @pytest.mark.parametrize("says", [_hanging_task, _hanging_process])
    def test_one_that_hangs(self, name: str, says: Callable[[], str], tmp_path: Path) -> None:
        """The report of a process that was killed lies there still when the next one starts, with the same number."""
        assert not _probe(name, says(), 1, tmp_path)

    def test_one_that_has_not_begun(self, tmp_path: Path) -> None:
        assert not _probe("startupProbe", "not running; start it: …", 1, tmp_path)
        assert not _probe("startupProbe", _old_report(_pid_of_an_ended_process()), 1, tmp_path)

    def test_a_dead_token_is_shown_and_restarts_nothing(self, tmp_path: Path) -> None:
        assert not _probe("readinessProbe", _dead_token(), 1, tmp_path)
        assert _probe("livenessProbe", _dead_token(), 1, tmp_path)
        assert _probe("startupProbe", _dead_token(), 1, tmp_path)

    def test_a_start_may_take_as_long_as_with_systemd(self) -> None:
        probe = WORKER["startupProbe"]
        assert probe["periodSeconds"] * probe["failureThreshold"] == 15 * 60
        assert "TimeoutStartSec=15min\n" in (DEPLOY / "paperboy.service").read_text("utf-8")
        assert SPEC["progressDeadlineSeconds"] > 15 * 60

    def test_give_the_program_time_to_answer(self) -> None:
        probes = [WORKER[name] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
        assert {probe["timeoutSeconds"] for probe in probes} == {15}
