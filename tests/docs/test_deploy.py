"""What an operator installs: the lock, the container, the unit, the example settings."""

import re
import shutil
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.cli.setup.settings import all_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
LOCKS = ("requirements.txt", "requirements-build.txt")

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def _lines(name: str) -> list[str]:
    """Read a lock or a Dockerfile: no comments, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / name).read_text("utf-8"), flags=re.MULTILINE)
    return [" ".join(line.split()) for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def _locked(name: str) -> dict[str, str]:
    """Map each locked package to its version."""
    found = [Requirement(line.partition(" --hash=")[0]) for line in _lines(name)]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in found}


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _wanted() -> list[str]:
    """List what the program and its extras need, which the container has; "dev" is for developers."""
    project = _pyproject()["project"]
    extras = {name: needs for name, needs in project["optional-dependencies"].items() if name != "dev"}
    return [*project["dependencies"], *(need for needs in extras.values() for need in needs)]


def _needs(requirement: Requirement) -> list[Requirement]:
    """List what an installed package, with the extras asked for, requires on this machine."""
    extras = requirement.extras or {""}
    declared = [Requirement(line) for line in metadata.requires(requirement.name) or ()]
    return [
        need
        for need in declared
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras)
    ]


class TestLock:
    @pytest.mark.parametrize("name", LOCKS)
    def test_each_requirement_is_one_version_with_hashes(self, name: str) -> None:
        for line in _lines(name):
            assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; [^-]+)?( --hash=sha256:[0-9a-f]{64})+", line), line[:80]
        assert len(_locked(name)) == len(_lines(name))

    @pytest.mark.parametrize("name", LOCKS)
    def test_no_addresses(self, name: str) -> None:
        text = (DEPLOY / name).read_text("utf-8")
        assert "://" not in text
        assert "-index" not in text.replace("--no-emit-index-url", "")

    @pytest.mark.parametrize(
        ("name", "declared"),
        [
            ("requirements.txt", _wanted()),
            ("requirements-build.txt", _pyproject()["build-system"]["requires"]),
        ],
    )
    def test_every_dependency_is_locked_within_its_range(self, name: str, declared: list[str]) -> None:
        locked = _locked(name)
        for requirement in map(Requirement, declared):
            assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), requirement

    def test_nothing_that_a_dependency_needs_is_forgotten(self) -> None:
        """Packages are installed without looking for dependencies, so the lock must hold all of them.

        Asked of the packages installed here in the very version of the lock: another version may need others.
        """
        locked = _locked("requirements.txt")
        installed = {canonicalize_name(found.metadata["Name"]): found.version for found in metadata.distributions()}
        waiting = list(map(Requirement, _wanted()))
        seen: set[str] = set()
        while waiting:
            requirement = waiting.pop()
            name = canonicalize_name(requirement.name)
            assert name in locked, f"{name} is not in deploy/requirements.txt; renew it"
            if str(requirement) not in seen and installed.get(name) == locked[name]:
                waiting += _needs(requirement)
            seen.add(str(requirement))


class TestDockerfile:
    def test_ends_as_a_user_who_is_not_root(self) -> None:
        *_, user = [line.split()[1] for line in _lines("Dockerfile") if line.startswith("USER ")]
        assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)

    def test_fetches_nothing_but_locked_packages(self) -> None:
        lines = _lines("Dockerfile")
        assert not [line for line in lines if line.startswith("ADD ") or "://" in line]
        for install in re.findall(r"pip [^&]*?\binstall [^&]*", "\n".join(lines)):
            assert "--require-hashes" in install or "--no-index" in install
            assert "--no-deps" in install

    def test_the_last_stage_builds_nothing(self) -> None:
        lines = _lines("Dockerfile")
        stages = [place for place, line in enumerate(lines) if line.startswith("FROM ")]
        last = "\n".join(lines[stages[-1] :])
        assert len(stages) == 2
        assert "pip uninstall" in last
        assert not re.search(r"pip install|gcc", last)
        assert re.findall(r"apt-get install ([^&]*)&&", last) == ["-qq --yes --no-install-recommends git "]

    def test_installs_the_wheel_that_it_builds(self) -> None:
        [build] = [line for line in _lines("Dockerfile") if line.startswith("RUN pip wheel ")]
        assert "--no-build-isolation --wheel-dir dist ." in build
        assert "install --no-deps --no-index dist/*.whl" in build

    def test_starts_the_long_running_process(self) -> None:
        lines = _lines("Dockerfile")
        assert {'ENTRYPOINT ["paperboy"]', 'CMD ["run"]', "VOLUME /data", "STOPSIGNAL SIGTERM"} <= set(lines)

    def test_asks_the_running_process_how_it_is(self) -> None:
        [check] = [line for line in _lines("Dockerfile") if line.startswith("HEALTHCHECK ")]
        assert check.endswith('CMD ["paperboy", "health"]')

    def test_copies_what_the_build_is_given(self) -> None:
        given = {
            line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
        }
        for line in _lines("Dockerfile"):
            if line.startswith("COPY ") and "--from=" not in line:
                sources = set(line.split()[1:-1])
                assert sources <= given
                assert all((ROOT / source).exists() for source in sources)


def _compose(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text("utf-8"))
    return parsed


@pytest.mark.parametrize("name", ["compose.yaml", "compose.cluster.yaml"])
class TestBothComposeFiles:
    @pytest.fixture
    def service(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = _compose(name)["services"]["paperboy"]
        return found

    def test_builds_the_container(self, service: dict[str, Any]) -> None:
        assert service["build"] == {"context": "..", "dockerfile": "deploy/Dockerfile"}

    def test_is_confined(self, service: dict[str, Any]) -> None:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["tmpfs"][0].startswith("/tmp:")
        assert f"USER {service['user']}" in _lines("Dockerfile")
        assert not {"privileged", "cap_add", "ports", "network_mode", "devices"} & set(service)

    def test_is_asked_how_it_is_as_the_container_says(self, service: dict[str, Any]) -> None:
        assert not {"command", "entrypoint", "healthcheck"} & set(service)

    def test_holds_no_secret(self, service: dict[str, Any]) -> None:
        assert service["env_file"] == [{"path": "../.env", "required": False}]
        assert not [name for name in service["environment"] if "TOKEN" in name]

    def test_comes_back_and_leaves_in_peace(self, service: dict[str, Any]) -> None:
        assert service["restart"] == "unless-stopped"
        assert service["stop_grace_period"] == "60s"

    def test_its_logs_and_its_memory_have_an_end(self, service: dict[str, Any]) -> None:
        assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
        assert (service["mem_limit"], service["pids_limit"]) == ("512m", 128)


class TestCompose:
    def test_writes_only_its_ledger(self) -> None:
        service = _compose("compose.yaml")["services"]["paperboy"]
        assert _writable(service) == ["/data"]
        assert service["environment"]["PAPERBOY_STORE__URL"].startswith("sqlite:////data/")


def _writable(service: dict[str, Any]) -> list[str]:
    return [mount["target"] for mount in service["volumes"] if not mount.get("read_only")]


class TestCluster:
    @pytest.fixture
    def worker(self) -> dict[str, Any]:
        found: dict[str, Any] = _compose("compose.cluster.yaml")["services"]["paperboy"]
        return found

    @pytest.fixture
    def postgres(self) -> dict[str, Any]:
        found: dict[str, Any] = _compose("compose.cluster.yaml")["services"]["postgres"]
        return found

    def test_replaces_the_single_bot(self) -> None:
        """Under other names that one would run on beside the workers, with a ledger of its own."""
        one, many = _compose("compose.yaml"), _compose("compose.cluster.yaml")
        assert one["name"] == many["name"]
        assert set(one["services"]) == set(many["services"]) - {"postgres"}
        assert one["services"]["paperboy"]["image"] == many["services"]["paperboy"]["image"]

    def test_two_workers_that_differ_in_nothing(self, worker: dict[str, Any]) -> None:
        assert worker["deploy"] == {"replicas": 2}
        assert "container_name" not in worker
        assert _writable(worker) == []

    def test_workers_see_the_posts_of_the_single_bot(self, worker: dict[str, Any]) -> None:
        one = _compose("compose.yaml")["services"]["paperboy"]["volumes"]
        assert worker["volumes"] == [mount for mount in one if mount["type"] == "bind"]

    def test_workers_wait_for_the_ledger(self, worker: dict[str, Any]) -> None:
        assert worker["depends_on"] == {"postgres": {"condition": "service_healthy"}}

    def test_workers_reach_the_ledger(self, worker: dict[str, Any], postgres: dict[str, Any]) -> None:
        """The same user, password, service and database on both sides."""
        given = postgres["environment"]
        user, password, database = (given[f"POSTGRES_{name}"] for name in ("USER", "PASSWORD", "DB"))
        assert worker["environment"]["PAPERBOY_STORE__URL"] == f"postgresql://{user}:{password}@postgres/{database}"

    def test_what_workers_keep_on_their_machine_can_be_written(self, worker: dict[str, Any]) -> None:
        assert worker["environment"]["PAPERBOY_STORE__FOLDER"].startswith("/tmp/")

    def test_a_missing_password_is_told_with_its_cure(self, postgres: dict[str, Any]) -> None:
        found = re.fullmatch(r"\$\{POSTGRES_PASSWORD:\?(.*)\}", postgres["environment"]["POSTGRES_PASSWORD"])
        assert found
        assert "COMPOSE_ENV_FILES=.env" in found[1]
        assert "COMPOSE_ENV_FILES=.env\n" in (DEPLOY / "compose.cluster.yaml").read_text("utf-8")

    def test_the_ledger_outlives_its_container(self, postgres: dict[str, Any]) -> None:
        assert postgres["image"] == "postgres:18"
        assert [(mount["source"], mount["target"]) for mount in postgres["volumes"]] == [
            ("postgres", "/var/lib/postgresql")
        ]
        assert "postgres" in _compose("compose.cluster.yaml")["volumes"]

    def test_every_commit_waits_for_the_disk(self, postgres: dict[str, Any]) -> None:
        assert "command" not in postgres
        assert not re.search("synchronous_commit|fsync|nosync", str(postgres))

    def test_it_is_ready_when_it_can_be_reached(self, postgres: dict[str, Any]) -> None:
        given = postgres["environment"]
        assert postgres["healthcheck"]["test"] == [
            *("CMD", "pg_isready", "--host=127.0.0.1"),
            *(f"--username={given['POSTGRES_USER']}", f"--dbname={given['POSTGRES_DB']}"),
        ]

    def test_it_is_confined(self, postgres: dict[str, Any], worker: dict[str, Any]) -> None:
        for key in ("read_only", "cap_drop", "security_opt", "restart", "stop_grace_period", "logging"):
            assert postgres[key] == worker[key], key
        assert postgres["user"] == "postgres"
        assert [line.partition(":")[0] for line in postgres["tmpfs"]] == ["/tmp", "/var/run/postgresql"]
        assert not {"privileged", "cap_add", "ports", "network_mode", "devices"} & set(postgres)


@pytest.mark.parametrize("name", ["compose.yaml", "compose.cluster.yaml", "kubernetes.yaml", "paperboy.service"])
def test_what_looks_like_a_setting_is_one(name: str) -> None:
    known = {setting.variable for setting in all_settings()} | {"PAPERBOY_CONFIG"}
    found = set(re.findall(r"PAPERBOY_\w+", (DEPLOY / name).read_text("utf-8")))
    assert found
    assert found <= known


class TestUnit:
    @pytest.fixture
    def unit(self, tmp_path: Path) -> Path:
        """Write the unit with a program that is on this machine: systemd-analyze looks for it."""
        text = (DEPLOY / "paperboy.service").read_text("utf-8")
        program = shutil.which("true")
        assert program
        text, found = re.subn(r"^(ExecStart=)\S+", rf"\g<1>{program}", text, flags=re.MULTILINE)
        assert found == 1
        unit = tmp_path / "paperboy.service"
        unit.write_text(text, "utf-8")
        return unit

    def test_runs_the_long_running_process(self) -> None:
        text = (DEPLOY / "paperboy.service").read_text("utf-8")
        assert "ExecStart=/opt/paperboy/bin/paperboy run --config /etc/paperboy/paperboy.toml\n" in text

    def test_says_when_it_is_ready_and_is_watched(self) -> None:
        """To bring a large ledger up to date may take longer than systemd waits for by itself."""
        lines = (DEPLOY / "paperboy.service").read_text("utf-8").splitlines()
        assert {"Type=notify", "WatchdogSec=3min", "TimeoutStartSec=15min", "Restart=on-failure"} <= set(lines)

    def test_leaves_no_memory_with_tokens_behind(self) -> None:
        assert "\nLimitCORE=0\n" in (DEPLOY / "paperboy.service").read_text("utf-8")

    @needs_systemd
    def test_systemd_finds_nothing_to_say(self, unit: Path) -> None:
        done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")

    @needs_systemd
    def test_is_confined(self, unit: Path) -> None:
        """Exposure of at most 2.0 of 10, which systemd calls OK; later versions of it may ask for more."""
        command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(unit)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


class TestExampleSettings:
    def test_tokens_are_obviously_none(self) -> None:
        settings = tomllib.loads((DEPLOY / "paperboy.example.toml").read_text("utf-8"))
        tokens = [value for table in ("telegram", "slack") for key, value in settings[table].items() if "token" in key]
        assert tokens == ["123456:FAKE", "xoxb-FAKE", "xapp-FAKE"]
