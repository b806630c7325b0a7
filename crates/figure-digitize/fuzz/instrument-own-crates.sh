#!/usr/bin/env bash
# As RUSTC_WRAPPER of `cargo fuzz`: only kmeta's crates, the fuzz targets and the PDF interpreter are instrumented for
# coverage. With all dependencies instrumented, the kernels of the label reader alone take the compiler more than a quarter of an hour.
set -euo pipefail
rustc=$1
shift
name="" before=""
for argument in "$@"; do
    [ "$before" = "--crate-name" ] && name=$argument
    before=$argument
done
case "$name" in kmeta* | tracer | vector_pages | libfuzzer_sys | hayro*) exec "$rustc" "$@" ;; esac
kept=()
for argument in "$@"; do
    case "$argument" in
    *sanitizer-coverage* | *sancov* | *simplifycfg* | *trace-compares* | -Ccodegen-units=1)
        # Some flags are written as two arguments.
        if [ "${#kept[@]}" -gt 0 ] && [ "${kept[-1]}" = "-C" ]; then unset 'kept[-1]'; fi
        ;;
    *) kept+=("$argument") ;;
    esac
done
exec "$rustc" "${kept[@]}"
