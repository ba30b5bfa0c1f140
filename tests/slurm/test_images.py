"""Images as Apptainer knows them: a tag or a digest for the registry, and a file that is named after the tag."""

from __future__ import annotations

import pytest

from reconciler.slurm.job.sbatch import template
from tests.slurm.services import recipe, resolved, target

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("image", "address", "file"),
    [
        ("example.org/a/web:1.2", "docker://example.org/a/web:1.2", "web_1.2.sif"),
        (f"example.org/a/web:1.2@{DIGEST}", f"docker://example.org/a/web@{DIGEST}", "web_1.2.sif"),
        (f"example.org:5000/web@{DIGEST}", f"docker://example.org:5000/web@{DIGEST}", f"web_{DIGEST}.sif"),
        ("web", "docker://web", "web.sif"),
        (f"web:1@{DIGEST}", f"docker://web@{DIGEST}", "web_1.sif"),
    ],
)
def test_where_an_image_comes_from(image: str, address: str, file: str) -> None:
    service = resolved("web", recipe(image=image, start={"container": {"command": ["serve"]}}))
    assert f" {address} serve" in template(service, target(runtime="apptainer")).own
    folders = {"data": "/d", "logs": "/l", "images": "/images"}
    here = template(service, target(runtime="apptainer", folders=folders)).own
    assert f" /images/{file.replace(':', '_')} serve" in here
