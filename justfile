# Tasks of the repository. `just` comes from any package manager, or `pip install rust-just`.

# List the tasks.
default:
    @just --list

# Formatting, lints, spelling, licences: what must be clean before a commit.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    typos
    if command -v cargo-deny > /dev/null; then cargo deny check licenses bans sources; else python3 .ci/check-licences.py; fi

# Every test, doctests included.
test:
    cargo test --release --workspace

# Timings; the numbers in the docs come from here. `just bench pool` runs the benches that match.
bench *filter:
    cargo bench -p kmeta-benches -- {{filter}}

# Every comparison with R, into docs/agreement.md.
agreement:
    python3 .ci/agreement.py --write

# How well patients are reconstructed and how often their intervals cover the truth: the tables of docs/accuracy.md.
reconstruction:
    cargo run --release -p kmeta-ipd-reconstruct --example reconstruction_accuracy
    cargo run --release -p kmeta-ipd-reconstruct --example imputation_coverage

# How often pooled intervals with the uncertainty of reading figures hold the truth, from drawn figures on: a table of docs/accuracy.md.
coverage replicates="200": release
    cargo run --release -p kmeta --example reading_coverage -- target/release/kmeta {{replicates}}

# Error of each example figure into docs/accuracy.md, and the score on a figure corpus where one is beside the clone.
score: release
    python3 .ci/score.py fixtures --write docs/accuracy.md
    if [ -d ../shared/corpus ]; then python3 .ci/score.py corpus ../shared/corpus; fi

# Figures with known truth from the generator into DIR/tune, DIR/practice and DIR/held-out (fixtures/README.md says what it needs).
figures-with-truth dir count="120":
    python3 fixtures/generate/figures/make.py --split tune --count {{count}} --out {{dir}}/tune
    python3 fixtures/generate/figures/make.py --split practice --count {{count}} --out {{dir}}/practice
    python3 fixtures/generate/figures/make.py --split held-out --count {{count}} --out {{dir}}/held-out

# The main job on both examples.
figures: release
    target/release/kmeta run fixtures/atc-tki/study.toml
    target/release/kmeta run fixtures/antiangiogenic-two-arm/study.toml

# Every figure type into docs/images/gallery.png, the digests by which a test sees changes, and with DIR each as a file.
gallery dir="target/gallery":
    cargo run -p kmeta-plot-svg --example gallery -- {{dir}} --contact-sheet docs/images/gallery.png --digests crates/plot-svg/tests/gallery.sha256

# The reference of study.toml, from the types that read it.
reference: release
    target/release/kmeta schema --markdown > docs/reference/study.md

# The documentation as a book (cargo install mdbook), in target/book.
book:
    mdbook build docs

# The report of the main example in headless Chromium: nothing fetched, nothing too wide, accessible.
report: release
    target/release/kmeta run fixtures/atc-tki/study.toml
    .ci/check-report fixtures/atc-tki/study.kmeta-out/report.html

# The optimized binary.
release:
    cargo build --release

# All that continuous integration runs.
ci:
    .ci/run
