# SPDX-License-Identifier: Apache-2.0
# Sourced by benches: `documentation_packages` brings ten Debian packages with real PDFs, unpacked
# and not installed; $documentation is their folder.
documentation=$PWD/.stoa/bench/documentation

documentation_packages() {
  local package
  mkdir -p "$documentation" "$documentation.packages"
  for package in debian-policy debian-faq maint-guide ngspice-doc maxima-doc octave-doc \
    asymptote-doc developers-reference libtasn1-doc auctex; do
    [ -d "$documentation/$package" ] && continue
    (cd "$documentation.packages" && apt-get -q=2 download "$package")
    dpkg-deb -x "$documentation.packages/${package}"_*.deb "$documentation/$package"
  done
}
