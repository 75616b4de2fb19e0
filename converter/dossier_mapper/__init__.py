"""Rows of a resident as the structured dossier and the people around them: what the mapping's sections say.

Follows the guide's functional model (`modelisation_contenu`) and, for what may be coded, the template pages of each
CDA state. What cannot conform is said and kept as readable text, never completed: no code, date, number or person is
invented to make an entry pass.
"""

from converter.dossier_mapper.mapper import Built, RuleRows, SectionMapper

__all__ = ["Built", "RuleRows", "SectionMapper"]
