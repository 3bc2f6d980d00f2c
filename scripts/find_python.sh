#!/bin/sh
# Print a Python that can make the environment: $PYTHON if given, else the first of the usual
# names that is 3.11 or newer and has venv. The rest is told in one sentence.
for name in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14 python}; do
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        command -v "$name"
        exit 0
    fi
done
echo "error: no Python 3.11 or newer with its venv module was found (tried ${PYTHON:-python3, python3.11 to python3.14, python}); install one (on Debian: python3 and python3-venv) or give one by make PYTHON=/path/to/python" >&2
exit 1
