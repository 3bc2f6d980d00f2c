#!/bin/sh
# Installs Debian's Chromium for the tests of the page, where that is possible; else they are skipped.
if command -v chromium >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq >/dev/null 2>&1
  apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 && exit 0
fi
echo "no Chromium: tests of the page are skipped (apt-get install chromium)"
