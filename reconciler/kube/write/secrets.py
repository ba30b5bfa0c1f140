"""Values that are made on the cluster, once: by a create, which changes nothing where there is a Secret already.

Nothing here reads a Secret, and no right to do so is asked for.
"""

from __future__ import annotations

import logging
import secrets
import string

from reconciler.errors import DeniedError
from reconciler.kube.door.api import Api
from reconciler.kube.door.failures import ClashError
from reconciler.kube.render.secrets import Generated

_LETTERS = string.ascii_letters + string.digits

_log = logging.getLogger("reconciler.kube")


def make(api: Api, generated: Generated) -> None:
    """Make the Secret; one that is there stays as it is, whoever made it.

    Raises AbsentError where its namespace is not there, DeniedError (also where the right to make Secrets is lacking),
    and the other errors of a write, which may be made again.
    """
    values = {key: "".join(map(secrets.choice, [_LETTERS] * length)) for key, length in generated.lengths.items()}
    try:
        api.create({**generated.item, "stringData": values})
    except ClashError:
        return
    except DeniedError as error:
        keys = ", ".join(f"spec.secrets.{key}" for key in values)
        raise DeniedError(f"{error}; `reconciler rbac` has the right, or the service sets {keys}") from error
    metadata = generated.item["metadata"]
    _log.info("Secret %s/%s: made", metadata["namespace"], metadata["name"])
