"""Does with the templates what CloudFormation does before it looks at them.

    python transform.py <root> <folder>

Writes <folder>/<environment>/template.json, the root template after the SAM transform with the parameters of that
environment in samconfig.toml, and <folder>/infra/<name>.json, each nested template with its short forms (`!Sub`)
written out. A path to local code or to a nested template becomes a place in S3, as `sam deploy` makes it; the path
stays readable in it.
"""

import json
import logging
import os
import pathlib
import sys
import tempfile

import tomlkit
from samcli.yamlhelper import yaml_parse
from samtranslator.public.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform

BUCKET = "packaged"


class NoManagedPolicies:
    """Names of AWS's own policies are looked up in an account; Ward's templates name none."""

    def load(self):
        return {}


def overrides(root, environment):
    config = tomlkit.parse((root / "samconfig.toml").read_text()).unwrap()
    pairs = config[environment]["deploy"]["parameters"]["parameter_overrides"]
    return dict(pair.split("=", 1) for pair in pairs)


def environments(root):
    config = tomlkit.parse((root / "samconfig.toml").read_text()).unwrap()
    return [name for name, part in config.items() if isinstance(part, dict) and "deploy" in part]


def packaged(template):
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = f"s3://{BUCKET}/{properties['CodeUri']}"
        if resource["Type"] == "AWS::CloudFormation::Stack" and isinstance(properties["TemplateURL"], str):
            properties["TemplateURL"] = f"https://s3.amazonaws.com/{BUCKET}/{properties['TemplateURL']}"
    return template


def write(file, template):
    """All of it or nothing: several tests may write at the same time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as half:
        json.dump(template, half, indent=1, sort_keys=True)
    os.replace(half.name, file)


def main(root, folder):
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    source = (root / "template.yaml").read_text()
    for environment in environments(root):
        template = packaged(yaml_parse(source))
        parameters = overrides(root, environment)
        try:
            result = transform(template, parameters, NoManagedPolicies())
        except InvalidDocumentException as refused:
            sys.exit("\n".join(f"template.yaml: {cause.message}" for cause in refused.causes))
        write(folder / environment / "template.json", result)
    for nested in sorted((root / "infra").glob("*.yaml")):
        write(folder / "infra" / f"{nested.stem}.json", yaml_parse(nested.read_text()))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
