"""The mapping language: a YAML file that says how one export becomes residents and documents.

``loader`` reads and checks a mapping, ``values`` compiles its values into functions of a row. Everything that is wrong
is said at once, with file, line and column.
"""
