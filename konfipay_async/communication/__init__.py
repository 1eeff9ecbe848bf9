"""The log of API communication: every attempt of every request, masked, in a store of one's own.

::

    async with KonfipayClient(communication_log="sqlite:///api.db") as client:
        ...

Read it with ``konfipay log``, or here: ``open_store("sqlite:///api.db")``.
"""
