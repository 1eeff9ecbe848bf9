"""`python -m konfipay_async` is the command `konfipay`."""

from konfipay_async.cli import main

main()
