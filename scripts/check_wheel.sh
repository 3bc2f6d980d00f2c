#!/bin/sh
# Builds sdist and wheel, installs the wheel into empty environments, and runs it without a network.
#   sh scripts/check_wheel.sh                       with `python3`
#   sh scripts/check_wheel.sh python3.11 python3.13 with each of them
# torch is taken from PIP_FIND_LINKS and from nowhere else: another one brings gigabytes of CUDA. A
# Python for which it lies there runs the demo; the others run what needs no torch, and it is said.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
export PIP_DISABLE_PIP_VERSION_CHECK=1 OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
[ $# -gt 0 ] || set -- python3

if unshare -rn true 2>/dev/null; then cut="unshare -rn"; else cut=""; fi
echo "network cut by ${cut:-proxies that lead nowhere}"

alone() {  # a command without the repository, without a home, and without a network
  cd "$folder"
  env -u PYTHONPATH -u VESAL_WEIGHTS HOME="$folder/home" XDG_CACHE_HOME="$folder/home" \
    http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 no_proxy= $cut "$@"
}

"$1" -m venv "$folder/builder"
"$folder/builder/bin/pip" install -q build
"$folder/builder/bin/python" -m build -o "$folder/dist" "$root" >"$folder/build.log" 2>&1 || {
  cat "$folder/build.log" >&2; exit 1; }
wheel=$(echo "$folder"/dist/*.whl)
for file in "$folder"/dist/*; do
  echo "built $(basename "$file"): $(wc -c < "$file" | awk '{printf "%.1f MB", $1 / 1e6}')"
done

ran=no
for python in "$@"; do
  name=$("$python" -c 'import sys; print("Python %d.%d" % sys.version_info[:2])')
  place="$folder/$(echo "$name" | tr ' ' -)"
  "$python" -m venv "$place"
  pip="$place/bin/pip -q"
  if $pip install --no-index --no-deps -c "$root/constraints.txt" torch >/dev/null 2>&1; then
    $pip install -c "$root/constraints.txt" "$wheel"
    alone "$place/bin/vesal" --version
    alone "$place/bin/vesal" demo -o "$folder/demo" >"$folder/demo.log"
    [ -s "$folder/demo/contact_sheet.png" ] || { echo "error: the demo drew no picture" >&2; exit 1; }
    echo "$name: installed; vesal demo ran without a network"
    ran=yes
  else
    "$place/bin/python" - "$wheel" >"$folder/core.txt" <<'END'
import email, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    (name,) = [one for one in wheel.namelist() if one.endswith(".dist-info/METADATA")]
    needed = email.message_from_bytes(wheel.read(name)).get_all("Requires-Dist")
print("\n".join(one for one in needed if "extra" not in one and not one.startswith("torch")))
END
    $pip install -c "$root/constraints.txt" -r "$folder/core.txt"
    $pip install --no-deps "$wheel"
    echo "$name: installed without torch, which PIP_FIND_LINKS does not have for it"
  fi
  scan=$(alone "$place/bin/python" -c 'import pathlib, vesal
print(pathlib.Path(vesal.__file__).parent / "assets/scans/example_mr_sm.nii.gz")')
  alone "$place/bin/vesal" --version
  alone "$place/bin/vesal" models >/dev/null
  alone "$place/bin/vesal" info "$scan" >/dev/null
  alone "$place/bin/python" -m compileall -q "$place"/lib/python3*/site-packages/vesal
  echo "$name: vesal --version, models and info ran without a network"
done
[ "$ran" = yes ] || { echo "error: no Python given here has a torch in PIP_FIND_LINKS; the demo did not run" >&2; exit 1; }
