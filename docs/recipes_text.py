"""What people write of docs/recipes.md: what each recipe is for, and what one should know before it is used."""

from __future__ import annotations

INTRO = """\
What ships with Reconciler, and what was seen of it on real parts. `reconciler recipes NAME` shows the parameters of one
with their defaults and an example; `reconciler recipes` lists all, also those of your repository ([write
one](write-a-recipe.md)). Images, their digests and how to run another version are in [Images](images.md), passwords and
keys in [Secrets](secrets.md), what each server exports in [Service discovery](service-discovery.md)."""

#: By recipe, in the order of the page: its title, what it is for, and what to know.
ABOUT: dict[str, tuple[str, str, str]] = {
    "vllm": (
        "vLLM",
        "Large language models behind the OpenAI API, on the GPUs of one machine or of several.",
        """\
- It is healthy once it has made a token, not when `/health` answers. Models that make none (embeddings, scores) need
  `firstRequest: false`.
- Weights are read for many minutes: a start may take half an hour before it counts as failed.
- All GPUs of a machine share each layer, and machines share the layers, unless `tensorParallelSize` and
  `pipelineParallelSize` say otherwise; together they must be the number of GPUs.
- Models, compiled kernels and its home lie in the volume `cache`. For nodes without internet give `model` a folder, or
  fill the cache and set `offline: true`.
- Models behind a licence need the secret `HF_TOKEN`; with `VLLM_API_KEY` clients must send that key.""",
    ),
    "triton": (
        "Triton",
        "NVIDIA's inference server for models of many frameworks, over HTTP and gRPC.",
        """\
- It is healthy once a model of its repository is ready. Triton itself says that it is ready with an empty repository
  too; `firstRequest: false` takes its word for it.
- `modelRepository` is a folder of the site, a URL (`s3://…`), or on Kubernetes the place where the service mounts a
  claim ([how](kubernetes.md#models-and-other-files-that-are-there-already)).""",
    ),
    "postgresql": (
        "PostgreSQL",
        "A relational database, with postgres_exporter beside it for its metrics.",
        """\
- It is stopped with SIGINT, which ends the sessions of clients; after a SIGTERM it would wait for them for ever.
- On Slurm a lock on its data keeps two jobs apart, whatever Slurm says, and the `postmaster.pid` of a killed server is
  taken away under that lock, as its process id says nothing on another node.
- The password is read when the data folder is made; a later change of it has no effect (`ALTER ROLE` has).""",
    ),
    "minio": (
        "MinIO",
        """\
S3 object storage on one machine, for data that is there already. **The project has ended**: its repository is archived
since February 2026, and the image is the last public one, older than the last security fix. New services take
SeaweedFS ([how to move](images.md#minio-has-ended)).""",
        """\
- It is healthy with a write quorum (`/minio/health/cluster`): `live` and `ready` always answer 200.
- `/minio/v2/metrics/cluster` is open to all, unless `prometheusAuthType: jwt`.""",
    ),
    "seaweedfs": (
        "SeaweedFS",
        "S3 object storage on one machine, of a project that is maintained; all its parts in one process.",
        """\
- It is healthy once its volumes are known: S3 answers some seconds before, and then finds no object.
- Its parts talk on the loopback address only, as they ask for no password.
- They let go of each other one by one, so a stop may take half a minute.""",
    ),
    "chroma": (
        "Chroma",
        "A vector database with documents and metadata, on one machine.",
        """\
- Its data is a SQLite file: the folder of data must be on a file system with locks.
- It exports no metrics; `openTelemetryEndpoint` sends traces.""",
    ),
    "faiss": (
        "FAISS",
        """\
Vector search in memory. FAISS is a library, so the recipe brings a small HTTP server (`reconciler.faiss_server`), whose
image is built from this repository.""",
        """\
- What is added lives in memory: what must outlive the server is an index file, made with `faiss.write_index` and given
  as `indexFile`, which is never written.""",
    ),
}

TRIED = """\
## What was tried

Each line with a version was written down by a test of this repository (`make test`; vLLM: `make test-heavy`). It
commits a service, waits until it is healthy, uses it through its usual client, kills the server (SIGKILL), waits
until the client has good answers and its data again, and changes a parameter by a commit. Slurm without containers
runs the servers as programs; Kubernetes runs them in pods, of images that the tests make from the same servers
under the recipes' names."""

APPTAINER = """\
### With Apptainer

Nothing runs with it in the tests yet, as none of their clusters has it. What a job says to it is rendered for every
recipe and compared with recorded files (`tests/slurm/golden`), and its words with the facts of the recipe: image,
command, arguments, environment, folders, ports, GPUs, shared memory. By hand, the whole jobs of PostgreSQL, Chroma,
FAISS, MinIO, SeaweedFS and Triton were run with Apptainer 1.4.5, of the images that the tests make: each got
healthy and stopped in good order, and PostgreSQL came back after a kill that had left its lock file. vLLM was not
run so. The lines are filled when a cluster with Apptainer joins the tests. A container runs there as the user of
the job, whatever user its image names, and has a /dev/shm of its own, as large as half of the memory of its node."""
