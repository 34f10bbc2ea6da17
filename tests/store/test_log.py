import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cellwright.errors import RunError
from cellwright.store import JsonLog


def _write(path: Path, *numbers: int) -> None:
    log = JsonLog(path, write=True)
    for number in numbers:
        log.append({"event": "asked", "number": number})
    log.close()


def _numbers(path: Path) -> list[int]:
    return [event["number"] for event in JsonLog(path, write=False).events()]


def test_events_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    _write(path, 1, 2)
    _write(path, 3)
    assert _numbers(path) == [1, 2, 3]


def test_a_torn_last_line_is_dropped_by_readers_and_cut_off_by_the_next_writer(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    _write(path, 1, 2)
    with path.open("ab") as file:
        file.write(b'{"event":"asked","num')
    assert _numbers(path) == [1, 2]
    _write(path, 3)
    assert _numbers(path) == [1, 2, 3]


def test_a_log_of_nothing_but_a_torn_line_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"event"')
    assert _numbers(path) == []
    _write(path, 7)
    assert _numbers(path) == [7]


def test_a_torn_line_longer_than_a_block_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    _write(path, 1)
    with path.open("ab") as file:
        file.write(b"x" * 200_000)
    _write(path, 2)
    assert _numbers(path) == [1, 2]


@pytest.mark.parametrize("line", [b"{broken}\n", b"[1]\n", b'{"no":"event"}\n', b"\xff\xfe\n"])
def test_any_other_broken_line_is_named_by_its_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "log.jsonl"
    _write(path, 1)
    with path.open("ab") as file:
        file.write(line)
    _write(path, 2)
    with pytest.raises(RunError, match="line 2 of"):
        _numbers(path)


def test_two_writers_are_one_too_many(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    first = JsonLog(path, write=True)
    with pytest.raises(RunError, match="another process is writing"):
        JsonLog(path, write=True)
    first.close()
    JsonLog(path, write=True).close()


def test_a_killed_process_loses_no_event_it_appended(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    code = (
        "import os, signal, sys; from pathlib import Path; from cellwright.store import JsonLog\n"
        "log = JsonLog(Path(sys.argv[1]), write=True)\n"
        "for number in range(500): log.append({'event': 'asked', 'number': number})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -9
    assert _numbers(path) == list(range(500))


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("no /dev/full here")
    path = tmp_path / "log.jsonl"
    _write(path, 1)
    log = JsonLog(path, write=True)
    full = os.open("/dev/full", os.O_WRONLY)
    assert log._file is not None
    os.dup2(full, log._file)
    with pytest.raises(RunError, match=r"No space left on device.*make room, then resume"):
        log.append({"event": "asked", "number": 2})
    os.close(full)
    assert _numbers(path) == [1]


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    log = JsonLog(tmp_path / "log.jsonl", write=True)
    with pytest.raises(ValueError, match="JSON"):
        log.append({"event": "told", "score": float("nan")})
    log.close()


def test_a_log_is_plain_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    _write(path, 5)
    assert json.loads(path.read_text()) == {"event": "asked", "number": 5}
