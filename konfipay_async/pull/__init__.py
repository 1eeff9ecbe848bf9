"""The pull: new transactions into a sink, each once, each acknowledged only after it was committed."""

from konfipay_async.pull.puller import pull
from konfipay_async.pull.report import Report
from konfipay_async.pull.sinks import Sink, Written
from konfipay_async.pull.work import Step

__all__ = ["Report", "Sink", "Step", "Written", "pull"]
