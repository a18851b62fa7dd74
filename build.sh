#!/bin/sh
# Builds, checks and measures ajolote. Each command sets up what it needs first, and is quick when that is in place.
#
#   ./build.sh            set up libtorch, build bin/ajolote
#   ./build.sh test       set up, run all tests; arguments go to go test, e.g. ./build.sh test -run Scope ./torch
#   ./build.sh lint       gofmt, go vet, staticcheck, clang-format
#   ./build.sh format     gofmt and clang-format, in place
#   ./build.sh sanitize   the shim's own tests with the address and undefined-behaviour sanitizers
#   ./build.sh demo       set up, run the main job from data to report; arguments are keys of the training, e.g. max_steps=100
#   ./build.sh bench      install the programs to compare with, measure ours and theirs in turn, write bench/RESULTS.md;
#                         arguments choose workloads, e.g. ./build.sh bench qlora-step merge; -rounds N runs each N times
#   ./build.sh scaling    measure what steps cost by prompt, batch, vocabulary and layers, to foretell larger models
#   ./build.sh peers      install the programs that the benchmarks compare with
#   ./build.sh release    an archive of the program with its licences, and its checksum, in out/release
set -eu
cd "$(dirname "$0")"

STATICCHECK=honnef.co/go/tools/cmd/staticcheck@v0.8.2
CLANG_FORMAT=21.1.8

# What is pure Go, and stays so: tested without cgo.
PURE='./tokenizer/... ./safetensors/... ./hub/... ./config/... ./eval/... ./query/... ./chat/... ./progress/...
  ./internal/library ./internal/setup ./internal/pyjson/... ./internal/pyrand/...'

die() {
  echo "build.sh: $*" >&2
  exit 1
}

need_go() {
  command -v go >/dev/null || die "no go: install Go 1.26 or newer (https://go.dev/doc/install), or put its bin directory into PATH"
}

# set_up fetches libtorch and compiles the shim; it says itself which compiler is missing.
set_up() {
  build
  bin/ajolote setup
}

build() {
  need_go
  if [ -z "${CC:-}" ] && ! command -v gcc >/dev/null && ! command -v clang >/dev/null; then
    die "no C compiler: install gcc or clang (Debian and Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install)"
  fi
  go build -o bin/ajolote ./cmd/ajolote
}

pure_packages() {
  for p in $PURE; do
    if [ -d "${p%/...}" ]; then echo "$p"; fi
  done
}

run_tests() {
  set_up
  if [ $# -gt 0 ]; then
    exec go test "$@"
  fi
  echo "== without cgo"
  # shellcheck disable=SC2046 # a list of packages
  CGO_ENABLED=0 go test $(pure_packages)
  echo "== all packages"
  go test ./...
  echo "all tests passed"
}

clang_format() {
  dir=third_party/clang-format-$CLANG_FORMAT
  program=$dir/clang_format/data/bin/clang-format
  if [ ! -x "$program" ]; then
    python3 -m pip --version >/dev/null 2>&1 || die "no pip, through which clang-format $CLANG_FORMAT comes: install python3-pip"
    rm -rf "$dir"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary=:all: \
      --target "$dir" "clang-format==$CLANG_FORMAT"
  fi
  find csrc \( -name '*.cc' -o -name '*.h' \) -exec "$program" "$@" {} +
}

go_files() {
  find . \( -path ./third_party -o -path './.?*' -o -path ./bench/.cache \) -prune -o -name '*.go' -print
}

lint() {
  need_go
  echo "== gofmt"
  unformatted=$(go_files | xargs gofmt -l)
  [ -z "$unformatted" ] || die "not formatted, run ./build.sh format: $unformatted"
  echo "== go vet"
  go vet ./...
  echo "== staticcheck"
  go run "$STATICCHECK" ./...
  echo "== clang-format"
  clang_format --dry-run -Werror
}

format() {
  need_go
  go_files | xargs gofmt -w
  clang_format -i
}

# sanitize builds the shim a second time, with checks in every function, and runs csrc/shim_test.cc on it.
sanitize() {
  build
  dir=third_party/sanitize
  flags='-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1'
  CXXFLAGS=$flags bin/ajolote setup --dir "$dir" --force
  # shellcheck disable=SC2086 # lists of flags
  ${CXX:-g++} $(cat csrc/compile_flags.txt) $flags csrc/shim_test.cc -o "$dir/shim_test" "$dir/libajolote.so" \
    -Wl,-rpath,'$ORIGIN' -Wl,--allow-shlib-undefined
  LSAN_OPTIONS=suppressions=csrc/lsan.supp:print_suppressions=0 "$dir/shim_test"
}

# release packs the program for this platform, stamped with version and commit. libtorch is not in it: ajolote setup fetches that.
release() {
  need_go
  [ -z "$(git status --porcelain)" ] || die "uncommitted changes: a release is built from a commit"
  out=out/release
  rm -rf "$out"
  mkdir -p "$out/files/licences"
  go build -trimpath -buildvcs=true -ldflags='-s -w' -o "$out/files/ajolote" ./cmd/ajolote
  version=$("$out/files/ajolote" version)
  name=$(echo "$version" | awk '{ sub("/", "-", $NF); print "ajolote-" $2 "-" $NF }')
  mv "$out/files" "$out/$name"
  cp LICENSE NOTICE README.md CHANGELOG.md "$out/$name/"
  # The licences of the modules that are linked in, and of Go itself.
  go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}' ./cmd/ajolote | sort -u | while read -r module dir; do
    found=
    for file in "$dir"/LICEN[SC]E* "$dir"/UNLICEN[SC]E* "$dir"/COPYING* "$dir"/NOTICE*; do
      [ -f "$file" ] || continue
      mkdir -p "$out/$name/licences/$module"
      cp "$file" "$out/$name/licences/$module/"
      found=1
    done
    [ -n "$found" ] || die "$module has no licence file"
  done
  mkdir -p "$out/$name/licences/go"
  cp "$(go env GOROOT)/LICENSE" "$out/$name/licences/go/"
  chmod -R u+w "$out/$name"
  tar -C "$out" -czf "$out/$name.tar.gz" "$name"
  rm -rf "${out:?}/$name"
  (cd "$out" && if command -v sha256sum >/dev/null; then sha256sum -- *.tar.gz; else shasum -a 256 -- *.tar.gz; fi >SHA256SUMS)
  echo "$version"
  cat "$out/SHA256SUMS"
}

command=${1:-build}
[ $# -eq 0 ] || shift
case $command in
  build) set_up ;;
  test) run_tests "$@" ;;
  lint) lint ;;
  format) format ;;
  sanitize) sanitize ;;
  demo)
    set_up
    exec examples/demo/run.sh "$@"
    ;;
  bench)
    set_up
    bench/peers/install
    exec bench/run "$@"
    ;;
  scaling)
    set_up
    exec bin/ajolote bench scaling "$@"
    ;;
  release) release ;;
  peers) exec bench/peers/install "$@" ;;
  *) die "no command $command; the first lines of build.sh list them" ;;
esac
