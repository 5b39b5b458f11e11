"""Followers: the tables that worklists are read from, folded from the log behind its back, exactly once.

    follower    from the last position: fold by case in batches, write rows and position in one transaction
    folding     what a batch of facts touches, and the rows of each touched case; a case that cannot be folded is paused
    rebuilding  the same tables beside the live ones, from nothing, then swapped in
    lines       rows as PostgreSQL takes them: all of a case, or what became of them since
    lists       a worklist read from its table, and waiting until a position is projected

Nothing here is evidence: all of it may be thrown away and built again.
"""
