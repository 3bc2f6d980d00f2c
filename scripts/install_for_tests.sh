#!/bin/sh
# Installs what tests of the server drive, where Debian's packages can be: Chromium for the page, and
# Orthanc as a DICOMweb server. Without them those tests are skipped, and say so.
install() {  # a program, then the packages that bring it
  program=$1; shift
  command -v "$program" >/dev/null 2>&1 && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    [ -n "$updated" ] || apt-get update -qq >/dev/null 2>&1
    updated=yes
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
      >/dev/null 2>&1 && return
  fi
  echo "no $program: its tests are skipped (apt-get install $*)"
}
install chromium chromium
install Orthanc orthanc orthanc-dicomweb
