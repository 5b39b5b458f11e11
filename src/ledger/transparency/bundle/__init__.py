"""A bundle: one case as a zip file that anybody can verify without us, without a database and without a network.

    archive      the zip: one form for one content, so that no byte of it is beyond doubt
    forms        the JSON of its files, read strictly
    contents     which files there are, and what stands in each
    files        its files read, compared with the manifest; entries proven to be in the tree
    keys         whom its notes are signed by, and whether that is who it should be
    report       what it came to, in words
    verifying    what is checked, in which order

    >>> from ledger.transparency.bundle.archive import pack
    >>> from ledger.transparency.note import Signer
    >>> vkey = Signer("ledger.example/kent", bytes(range(32))).verifier().vkey()
    >>> verify_bundle(pack({"chronology.csv": b"position"}), [vkey]).words()
    ['not verified: file-missing: manifest.json', 'Nothing in this file may be relied upon.']

Proved by tests/transparency/test_bundle.py, test_bundle_archive.py, test_bundle_bytes.py and test_bundle_attacks.py.
"""

from ledger.transparency.bundle.verifying import verify_bundle

__all__ = ["verify_bundle"]
