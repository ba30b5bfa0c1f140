#!/bin/bash
# Makes the virtual environment that `make run` and `make test` use. Usage: bootstrap.sh PYTHON VENV
set -euo pipefail
python=${1:?} venv=${2:?}
[ -n "$python" ] || { echo "Reconciler needs Python 3.11 or newer; none was found" >&2; exit 1; }
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  echo "installing python3-venv (Debian keeps it apart from python3)"
  sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo -n"
  $sudo apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q python3-venv >/dev/null
fi
echo "installing Reconciler and its tools into $venv"
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,docs,faiss]'
