"""The way to a first conversion: look at an export (`inspect`), draft its mapping (`init`), try it out (`check`).

Nothing here converts, and no cell of a source is ever shown or kept: labels, counts and shapes only.
"""
