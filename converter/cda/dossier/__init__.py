"""The structured dossier (CDA level 3): sections, their narrative and their entries, for the three CDA states."""
