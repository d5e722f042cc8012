"""`python -m salina_monitor`: see `--help`."""

from salina_monitor.cli import main

if __name__ == "__main__":
    main()
