#!/usr/bin/env bash
# Invents function names with the base model. Options are those of `evoselfcode datagen generate-names`:
#   bash scripts/generate_funcnames.sh --set names.count=2000
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
python="$here/../.venv/bin/python"
[ -x "$python" ] || python="$(command -v python3 || command -v python)"
exec "$python" "$here/generate_funcnames.py" "$@"
