//! Figure files: any bytes give pages of pixels within the limits, or an error that says something, never a panic.
//! Seeds: the files in `seeds`, small ones of every format, and in `../tests/files`.

#![no_main]

use kmeta_figure_source::read_figure;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match read_figure(bytes) {
        Ok(pages) => {
            assert!(!pages.is_empty());
            for page in pages {
                assert!(page.image.width() > 0 && page.image.height() > 0);
            }
        }
        Err(error) => assert!(error.to_string().len() > 10),
    }
});
