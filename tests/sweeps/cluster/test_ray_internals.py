"""The private parts of Ray: the installed version has them, and they mean what a connection takes them to mean."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from unittest import mock

import pytest

from gridproof.kernels.errors import InputError
from gridproof.sweeps.cluster import ray_internals
from gridproof.sweeps.cluster.connection import make_token_private
from gridproof.sweeps.cluster.ray_internals import (
    LOOPBACK_VARIABLE,
    find_head_address,
    given_address_kept,
    start_local_ray,
)
from tests.support.rays import needs_ray


@needs_ray
@pytest.mark.own_process
class TestInstalledRay:
    def test_the_address_of_the_environment_is_found(self) -> None:
        with mock.patch.dict(os.environ, RAY_ADDRESS="10.1.2.3:6379"):
            assert find_head_address() == "10.1.2.3:6379"

    def test_a_given_loopback_address_is_kept(self) -> None:
        from ray._private import ray_constants, services

        with (
            mock.patch.object(ray_constants, "ENABLE_RAY_CLUSTER", True),
            mock.patch.object(services, "node_ip_address_from_perspective", return_value="10.1.2.3"),
        ):
            assert services.resolve_ip_for_localhost("127.0.0.1") == "10.1.2.3"
            with given_address_kept():
                assert services.resolve_ip_for_localhost("127.0.0.1") == "127.0.0.1"
            assert services.resolve_ip_for_localhost("127.0.0.1") == "10.1.2.3"

    def test_the_variable_and_the_argument_of_a_local_ray(self) -> None:
        import ray
        from ray._private import ray_constants

        assert ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR == LOOPBACK_VARIABLE
        assert '"_node_ip_address"' in inspect.getsource(ray.init)
        with pytest.raises(RuntimeError, match="_no_such_argument"):
            ray.init("local", _no_such_argument=1)

    def test_another_ray_is_one_clear_error(self) -> None:
        from ray._private import ray_constants, services

        fault = rf"package ray: .* Ray {ray_internals.TESTED} has; got Ray [\d.]+ without {{}}"
        with mock.patch.object(services, "get_ray_address_from_environment", None):
            del services.get_ray_address_from_environment
            with pytest.raises(InputError, match=fault.format("ray._private.services.get_ray_address_from_env")):
                find_head_address()
        with mock.patch.object(ray_constants, "ENABLE_RAY_CLUSTER", None):
            del ray_constants.ENABLE_RAY_CLUSTER
            with (
                pytest.raises(InputError, match=fault.format("ray._private.ray_constants.ENABLE_RAY_CLUSTER")),
                given_address_kept(),
            ):
                pass
        lacking = mock.Mock(init=mock.Mock(side_effect=RuntimeError("Unknown keyword argument(s): _node_ip_address")))
        with pytest.raises(InputError, match=fault.format("the argument _node_ip_address of ray.init")):
            start_local_ray(lacking)


def test_the_token_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    token = tmp_path / ".ray" / "auth_token"
    with mock.patch.dict(os.environ, HOME=str(tmp_path)):
        make_token_private()
        assert not token.parent.exists()
        token.parent.mkdir()
        token.write_text("secret")
        token.chmod(0o644)
        make_token_private()
    assert token.stat().st_mode & 0o777 == 0o600
    assert token.read_text() == "secret"


def test_the_tokens_folder_cannot_be_written_by_others(tmp_path: Path) -> None:
    token = tmp_path / ".ray" / "auth_token"
    token.parent.mkdir()
    token.parent.chmod(0o777)
    token.write_text("secret")
    token.chmod(0o666)
    with mock.patch.dict(os.environ, HOME=str(tmp_path)):
        make_token_private()
        assert token.parent.stat().st_mode & 0o777 == 0o755
        assert token.stat().st_mode & 0o777 == 0o600
        token.chmod(0o644)
        with (
            mock.patch.object(Path, "chmod", side_effect=PermissionError(1, "Operation not permitted")),
            pytest.raises(InputError, match=r"token must be private to its owner; got .*auth_token: Operation not"),
        ):
            make_token_private()


def test_a_user_without_a_home_has_no_token() -> None:
    error = RuntimeError("Could not determine home directory.")
    with mock.patch.object(Path, "home", side_effect=error), mock.patch.object(Path, "chmod") as chmod:
        make_token_private()
    chmod.assert_not_called()
