"""SAM templates as CloudFormation gets them: run by the Python that has the SAM CLI.

Reads a list of {"template": ..., "parameters": {...}} from standard input, where a template is the
path of a YAML file or its parsed content, and writes a list of {"source": ..., "deployed": ...} to
standard output: what was written, parsed, and what the SAM translator makes of it.
"""

import copy
import functools
import json
import sys
from pathlib import Path

from boto3.session import Session
from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samcli.yamlhelper import yaml_parse
from samtranslator.parser import parser
from samtranslator.translator.translator import Translator

REGION = "eu-central-1"


def translated(source, parameters):
    if "Transform" not in source:
        return source
    template = copy.deepcopy(source)
    # `sam package` replaces the paths of code by addresses; so does this, by made-up ones.
    SamTemplateValidator(template, None, region=REGION)._replace_local_codeuri()
    translator = Translator(None, parser.Parser(), boto_session=Session(region_name=REGION))
    return translator.translate(template, parameters, get_managed_policy_map=dict)


@functools.cache
def parsed(path):
    return yaml_parse(Path(path).read_text())


def main():
    told = []
    for each in json.load(sys.stdin):
        template = each["template"]
        source = parsed(template) if isinstance(template, str) else template
        deployed = translated(source, each["parameters"])
        told.append({"source": source, "deployed": deployed})
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
