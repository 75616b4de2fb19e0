"""``python -m converter`` is ``dui``."""

from converter.cli import main

if __name__ == "__main__":
    main()
