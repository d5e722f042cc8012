"""`backup`, `restore` and `prune` as a person runs them, on an embedded store."""

from __future__ import annotations

from tests.integration.cli.command import Sandbox, Shell


def test_a_backup_of_a_running_monitor_goes_into_another_folder(sandbox: Sandbox, shell: Shell) -> None:
    file = sandbox.shell.folder / "monitor.zip"
    assert sandbox("sync").code == 0
    done = sandbox("backup", str(file))
    assert (done.code, done.err) == (0, "")
    assert " rows in " in done.out
    assert file.stat().st_mode & 0o077 == 0
    # Under the feet of the running one it does not go, whatever is said.
    done = sandbox("restore", str(file), "--replace")
    assert done.code == 1
    assert "Stop it" in done.err
    # A folder that never held anything, but of another source.
    refused = shell("restore", str(file))
    assert refused.code == 1
    assert "holds the runs of app salina-erp at http://127.0.0.1" in refused.err
    source = sandbox.shell.environment()["MONITOR_DATA_DIR"]
    url = refused.err.partition(" at ")[2].partition(",")[0]
    done = shell("restore", str(file), INNGEST_API_URL=url)
    assert (done.code, done.err) == (0, ""), source
    assert " rows of " in done.out
    before = sandbox("jobs", "--json", "--range", "all").json
    after = shell("jobs", "--json", "--range", "all", INNGEST_API_URL=url).json
    assert before["total"] == after["total"] > 100
    assert {job["id"] for job in before["jobs"]} == {job["id"] for job in after["jobs"]}
    again = shell("restore", str(file), INNGEST_API_URL=url)
    assert again.code == 1
    assert "--replace" in again.err


def test_prune_says_how_many_would_go_and_by_which_setting(sandbox: Sandbox) -> None:
    said = sandbox("prune", "--dry-run", "--json").json
    assert said["dry_run"] is True
    tables = {one["table"]: one for one in said["tables"]}
    assert tables["runs"]["setting"] == "MONITOR_RUN_DAYS"
    assert tables["runs"]["rows"] == 0
    words = sandbox("prune", "--dry-run").out.splitlines()
    assert len(words) == len(tables) + 1
    assert words[-1] == "Nothing was changed."
    assert sandbox("prune").out.splitlines()[-1].endswith(" rows are forgotten.")
