"""Lets ``python -m etl`` behave like the command."""

from etl.cli.main import main

if __name__ == "__main__":
    main()
