"""`python -m infra.cloud`."""

from infra.cloud.cli import main

main()
