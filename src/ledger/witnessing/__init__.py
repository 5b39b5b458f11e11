"""`ledger witness`: a process that cosigns what a log says as long as it never takes anything back.

    kept        its key, the logs it knows, what it holds of each, the forks it has seen: a folder of its own
    remote      a log as seen from outside: its checkpoint, its key, its tiles
    replaying   a log read entry by entry, before it is cosigned
    station     asks and answers, one at a time for the whole process, kept before they leave
    running     the process: its small HTTP service, and the loop that follows

A witness is nothing of the ledger's: another machine, another key, another operator is the point of it.  It shares
with the ledger only the formats (ledger.transparency).  Proven by tests/witnessing/.
"""
