# SPDX-License-Identifier: Apache-2.0
# Sourced by benches: `documentation_packages` brings ten Debian packages with real PDFs, unpacked
# and not installed; $documentation is their folder. `held_out_packages` brings five more into
# $held_out, to see how far rules hold that were made with the ten.
documentation=$PWD/.stoa/bench/documentation
held_out=$PWD/.stoa/bench/held_out

documentation_packages() {
  bring_packages "$documentation" debian-policy debian-faq maint-guide ngspice-doc maxima-doc \
    octave-doc asymptote-doc developers-reference libtasn1-doc auctex
}

held_out_packages() {
  bring_packages "$held_out" bash-doc gnuplot-doc pari-doc r-doc-pdf zsh-doc
}

bring_packages() {
  local folder=$1 package
  mkdir -p "$folder" "$folder.packages"
  for package in "${@:2}"; do
    [ -d "$folder/$package" ] && continue
    (cd "$folder.packages" && apt-get -q=2 download "$package")
    dpkg-deb -x "$folder.packages/${package}"_*.deb "$folder/$package"
  done
}
