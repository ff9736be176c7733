"""The command line."""

import pytest

from appliance.supervisor.options import UsageError, parse_options
from appliance.supervisor.start import main


def test_defaults_reach_the_node_too():
    options = parse_options([])
    assert (options.profile, options.state, options.board, options.quiet) == ("pi-zero", ".leither", "fake", False)
    assert options.node_arguments == ["--profile", "pi-zero", "--state", ".leither"]


def test_ours_are_kept_and_the_rest_passed_on():
    options = parse_options(["--port", "0", "--state=/data", "--quiet", "--profile", "router", "--listen", "::", "--board=fake"])
    assert (options.profile, options.state, options.board, options.quiet) == ("router", "/data", "fake", True)
    assert options.node_arguments == ["--profile", "router", "--state", "/data", "--port", "0", "--listen", "::"]


def test_the_folder_of_content_is_the_nodes_too():
    options = parse_options(["--data", "/data"])
    assert options.data == "/data" and options.node_arguments[-2:] == ["--data", "/data"]


@pytest.mark.parametrize("arguments", [["--state"], ["--state="], ["--profile"]])
def test_a_missing_value(arguments):
    with pytest.raises(UsageError, match="needs a value"):
        parse_options(arguments)


def test_exit_codes_and_plain_messages(capfd, tmp_path):
    assert main(["--help"]) == 0
    assert "usage:" in capfd.readouterr().out
    assert main(["--state"]) == 2
    assert "--state needs a value" in capfd.readouterr().err
    assert main(["--profile", "no-such-profile", "--state", str(tmp_path)]) == 1
    assert "no-such-profile" in capfd.readouterr().err
    assert main(["--board", "toaster", "--state", str(tmp_path)]) == 1
    assert "toaster" in capfd.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["--state", str(tmp_path / "file")]) == 1
    assert "--state" in capfd.readouterr().err
