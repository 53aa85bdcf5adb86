"""`sam validate --lint` for several templates at once: run by the Python that has the SAM CLI.

Most of the time goes into reading the schemas of all resources, which one process does once. Writes
[{"status": ..., "said": ...}] to standard output, in the order of the arguments.
"""

import json
import sys

from click.testing import CliRunner
from samcli.cli.main import cli


def main():
    told = []
    for template in sys.argv[1:]:
        ended = CliRunner().invoke(cli, ["validate", "--lint", "--template-file", template])
        told.append({"status": ended.exit_code, "said": ended.output})
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
