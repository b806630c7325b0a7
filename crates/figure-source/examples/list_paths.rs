//! Lists what a vector file paints: `list_paths FILE [PAGE]`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use kmeta_figure_source::FigureDocument;
use kmeta_figure_source::vector::Bounds;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("name a file")?;
    let page: usize = arguments.next().map_or(Ok(1), |page| page.parse())?;
    let document = FigureDocument::open(std::fs::read(file)?)?;
    let Some(page) = document.vector_page(page.saturating_sub(1))? else {
        return Err("no vector file".into());
    };
    println!("{} x {} at {}", page.width, page.height, page.pixels_per_inch);
    for path in &page.paths {
        let bounds = Bounds::around(path.subpaths.iter().flat_map(|piece| &piece.points));
        let points: usize = path.subpaths.iter().map(|piece| piece.points.len()).sum();
        println!(
            "path of {points} points in {} pieces, closed {}, curved {}, {bounds:?}, fill {:?}, stroke {:?}, clip {:?}",
            path.subpaths.len(),
            path.subpaths.iter().filter(|piece| piece.closed).count(),
            path.subpaths.iter().filter(|piece| piece.curved).count(),
            path.fill,
            path.stroke,
            path.clip
        );
    }
    for glyph in &page.glyphs {
        println!(
            "glyph {:?} size {} at {:?} along {:?}, {:?}",
            glyph.text, glyph.font_size, glyph.origin, glyph.advance, glyph.bounds
        );
    }
    println!("{} pictures, warnings {:?}", page.images.len(), page.warnings);
    Ok(())
}
