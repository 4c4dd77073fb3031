"""`python -m harness` is `drill`, also where another program of that name comes first on the path."""

from harness.cli import main

if __name__ == "__main__":
    main()
