"""Fetches files from the public Maven repository where there is no mvn.

Arguments: the folder to write to, then one JSON list of [group, artifact, version, type, classifier, file name].
Needs jgo on PYTHONPATH, which knows where the repository is. Whoever runs this verifies the files' hashes.
"""

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import MavenContext

TIMEOUT_S = 60
PARALLEL = 4


def main(into: Path, wanted: list) -> None:
    context = MavenContext(repo_cache=into / ".cache", local_repos=[], timeout=TIMEOUT_S)

    def fetch(item: list) -> None:
        group, artifact, version, packaging, classifier, name = item
        component = context.project(group, artifact).at_version(version)
        found = component.artifact(classifier=classifier, packaging=packaging)
        shutil.move(found.resolve(), into / name)

    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(fetch, wanted))
    shutil.rmtree(into / ".cache", ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
