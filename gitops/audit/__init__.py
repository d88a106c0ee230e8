"""The audit: what was asked, approved and done, answered from a clone, offline, with citations.

``facts`` says what a file and a receipt tell, ``index`` keeps that by Git id, ``record`` and ``merges`` put
it together; ``ledger``, ``life`` and ``reach`` answer questions, and ``render`` shows the answers.
"""
