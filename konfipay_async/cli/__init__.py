"""The command line: arguments in, calls out, pictures on the terminal. One module per command group."""

import sys

__all__ = ["main"]


def main() -> None:
    """The console script `konfipay`."""
    try:
        from konfipay_async.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("cyclopts", "rich"):
            raise
        sys.stderr.write("konfipay: the command line needs the extra 'cli': pip install 'konfipay-async[cli,sql]'\n")
        sys.exit(2)
    sys.exit(run(sys.argv[1:]))
