"""What leaves the house about a case, to whom, and what for.

table       who may have which values opened for which purpose, and which facts are withheld whole
classing    which class each value and each fact is of
"""
