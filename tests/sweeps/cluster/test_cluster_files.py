"""cluster.yaml, the image and the Kubernetes manifest, checked without a cloud."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from packaging.requirements import Requirement

from tests.support.rays import ROOT, needs_ray
from tests.support.schemas import validate

CLUSTER = ROOT / "cluster.yaml"


@pytest.fixture
def config() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(CLUSTER.read_text())
    return loaded


def project() -> dict[str, Any]:
    loaded: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return loaded


def test_one_ray_and_one_python_everywhere(config: dict[str, Any]) -> None:
    texts = [CLUSTER.read_text(), (ROOT / "Dockerfile").read_text(), (ROOT / "docs/raycluster.yaml").read_text()]
    images = [tag for text in texts for tag in re.findall(r"rayproject/ray:(\S+)", text)]
    versions = {tag.split("-")[0] for tag in images} | set(re.findall(r"ray\[default\]==([\d.]+)", texts[0]))
    versions.add(yaml.safe_load(texts[2])["spec"]["rayVersion"])
    assert len(versions) == 1
    pinned = versions.pop()
    for extra in ("cluster", "test"):
        ray = [Requirement(text) for text in project()["optional-dependencies"][extra] if text.startswith("ray")]
        assert pinned in ray[0].specifier
    pythons = {re.search(r"-py(\d)(\d+)", tag) for tag in images}
    assert all(found and f"{found[1]}.{found[2]}" == "3.11" for found in pythons)
    assert "3.11" in Requirement(f"python{project()['requires-python']}").specifier


def test_the_head_has_nothing_to_give_and_workers_have_gpus(config: dict[str, Any]) -> None:
    types = config["available_node_types"]
    head = types.pop(config["head_node_type"])
    assert head["resources"] == {"CPU": 0}
    assert head["max_workers"] == 0
    assert types
    for kind in types.values():
        assert kind["resources"]["GPU"] >= 1
        assert kind["min_workers"] == 0
        assert kind["max_workers"] <= config["max_workers"]
        assert kind["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
        assert kind["node_config"]["ImageId"] == head["node_config"]["ImageId"]
    assert sum(kind["max_workers"] for kind in types.values()) == config["max_workers"]
    assert "--gpus all" in config["docker"]["worker_run_options"]
    assert any(option.startswith("--shm-size") for option in config["docker"]["worker_run_options"])
    known = {"g5.xlarge": (4, 1), "p5.48xlarge": (192, 8)}
    for kind in types.values():
        cpus, gpus = known[kind["node_config"]["InstanceType"]]
        assert kind["resources"] == {"CPU": cpus, "GPU": gpus}


def test_the_project_is_mounted_and_installed_with_its_extras(config: dict[str, Any]) -> None:
    assert config["file_mounts"]["/home/ray/gridproof"] == "."
    assert any("/home/ray/gridproof[gpu,cluster]" in command for command in config["setup_commands"])
    assert {"gpu", "cluster"} <= set(project()["optional-dependencies"])


def test_only_who_has_the_token_gets_in(config: dict[str, Any]) -> None:
    assert "--env RAY_AUTH_MODE=token" in config["docker"]["run_options"]
    assert "/home/ray/.ray/auth_token" in config["file_mounts"]
    assert "--dashboard-host=127.0.0.1" in config["head_start_ray_commands"][-1]
    manifest = yaml.safe_load((ROOT / "docs/raycluster.yaml").read_text())
    assert manifest["spec"]["authOptions"] == {"mode": "token"}


def test_kubernetes_manifest() -> None:
    manifest = yaml.safe_load((ROOT / "docs/raycluster.yaml").read_text())
    assert (manifest["apiVersion"], manifest["kind"]) == ("ray.io/v1", "RayCluster")
    spec = manifest["spec"]
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    for group in spec["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
        pod = group["template"]["spec"]
        for container in pod["containers"]:
            assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted == {volume["name"] for volume in pod["volumes"]}


@needs_ray
@pytest.mark.own_process
class TestRaysOwnChecks:
    def test_schema(self, config: dict[str, Any]) -> None:
        import ray.autoscaler

        folder = Path(ray.autoscaler.__file__).parent
        schema = json.loads((folder / "ray-schema.json").read_text())
        validate(config, schema)
        with pytest.raises(jsonschema.ValidationError):
            validate(config | {"max_worker": 3}, schema)

    def test_as_ray_up_reads_it(self, config: dict[str, Any]) -> None:
        from ray.autoscaler._private.util import prepare_config, validate_config

        prepared = prepare_config(config)
        validate_config(prepared)
        assert prepared["available_node_types"]["a10g"]["resources"]["GPU"] == 1
