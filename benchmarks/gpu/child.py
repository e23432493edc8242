"""One part of the proof, in a process of its own: python -m benchmarks.gpu.child NAME --out DIR."""

from __future__ import annotations

import argparse
import faulthandler
import os
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from benchmarks.gpu.parts import BY_NAME
from benchmarks.gpu.settings import NotRunError, Settings, write_result


def run_part(name: str, settings: Settings) -> dict[str, Any]:
    """Runs a part and writes its result again with every value that it reports."""
    part, file, began = BY_NAME[name], settings.out / f"{name}.json", time.perf_counter()
    result: dict[str, Any] = {"state": "running", "seconds": 0.0, "found": {}}
    write_result(file, result)
    try:
        for key, value in part.run(settings):
            result["found"][key] = value
            result["seconds"] = time.perf_counter() - began
            write_result(file, result)
        result["state"] = "passed"
    except NotRunError as error:
        result |= {"state": "not run", "why": str(error)}
    except Exception as error:  # noqa: BLE001 - reported on the page; the other parts still run
        result |= {"state": "failed", "why": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    result["seconds"] = time.perf_counter() - began
    write_result(file, result)
    return result


def end_with(parent: int) -> None:
    """Ends this process where the one that started it is gone, so that it does not keep the GPU."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.child", description=__doc__)
    parser.add_argument("name", choices=BY_NAME)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--carried", type=Path)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    faulthandler.enable()
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    options.out.mkdir(parents=True, exist_ok=True)
    result = run_part(options.name, Settings(options.out, options.dry_run, options.carried))
    raise SystemExit(0 if result["state"] in ("passed", "not run") else 1)


if __name__ == "__main__":
    main()
