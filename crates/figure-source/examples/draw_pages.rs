//! Reads figure files and writes each page as PNG, to see what the digitizer sees.
//!
//! `cargo run -p kmeta-figure-source --example draw_pages -- FOLDER FIGURE...`

#![allow(clippy::print_stdout, reason = "a program, not the library")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, figures @ ..] = arguments.as_slice() else {
        return Err("usage: draw_pages FOLDER FIGURE...".into());
    };
    for figure in figures {
        let bytes = std::fs::read(figure)?;
        let start = Instant::now();
        let pages = kmeta_figure_source::read_figure(&bytes);
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        let pages = match pages {
            Ok(pages) => pages,
            Err(error) => {
                println!("{figure}: {error}");
                continue;
            }
        };
        for page in pages {
            let (width, height) = page.image.dimensions();
            let (format, resolution) = (&page.format, page.pixels_per_inch);
            println!(
                "{figure}: {format} page {:?}, {width} x {height}, {resolution:?} ppi, {milliseconds:.0} ms",
                page.page
            );
            let name = Path::new(figure).file_name().unwrap_or_default().to_string_lossy();
            page.image.save(Path::new(folder).join(format!("{name}.{}.png", page.page.unwrap_or(1))))?;
        }
    }
    Ok(())
}
