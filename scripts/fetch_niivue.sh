#!/bin/sh
# Fetches NiiVue from npm and packs it as the page serves it; the same bytes each time.
set -eu
version=0.69.0
wanted=$(sha256sum src/vesal/server/viewer/niivue.umd.js.gz | cut -d' ' -f1)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && npm pack --silent "@niivue/niivue@$version" >/dev/null && tar xzf ./*.tgz)
gzip -9nc "$folder/package/dist/niivue.umd.js" > "$folder/niivue.umd.js.gz"
got=$(sha256sum "$folder/niivue.umd.js.gz" | cut -d' ' -f1)
if [ "$got" = "$wanted" ]; then
  echo "src/vesal/server/viewer/niivue.umd.js.gz is NiiVue $version"
else
  cp "$folder/niivue.umd.js.gz" src/vesal/server/viewer/niivue.umd.js.gz
  echo "src/vesal/server/viewer/niivue.umd.js.gz is another one now ($got)"
fi
