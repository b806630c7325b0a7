//! PDF files that ask for far more work or memory than a journal page, and files that are broken: each is refused, or
//! read in part, with a reason.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use kmeta_figure_source::{FigureDocument, FigureSourceError, read_figure};

/// Far above what any of these takes on a slow machine, far below what the work that they ask for would.
const FOREVER: Duration = Duration::from_secs(60);

/// A PDF of the given objects, counted from 1; the first is the catalog.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n").bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let table = file.len();
    let mut end = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _ = writeln!(end, "{place:010} 00000 n ");
    }
    let _ = writeln!(end, "trailer <</Size {} /Root 1 0 R>>\nstartxref\n{table}\n%%EOF", objects.len() + 1);
    file.extend(end.bytes());
    file
}

fn text(object: &str) -> Vec<u8> {
    object.as_bytes().to_vec()
}

fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let mut object = format!("<<{dictionary} /Length {}>>\nstream\n", content.len()).into_bytes();
    object.extend(content);
    object.extend(b"\nendstream");
    object
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(content).expect("written to memory");
    packed.finish().expect("written to memory")
}

/// A page of `size` points with the given operators, resources and further objects, counted from 5.
fn page(size: (u32, u32), operators: &[u8], resources: &str, further: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        text("<</Type /Catalog /Pages 2 0 R>>"),
        text("<</Type /Pages /Kids [3 0 R] /Count 1>>"),
        text(&format!(
            "<</Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] /Contents 4 0 R /Resources <<{resources}>>>>",
            size.0, size.1
        )),
        stream("", operators),
    ];
    objects.extend_from_slice(further);
    pdf(&objects)
}

const LETTER: (u32, u32) = (612, 792);

/// What comes of a file: drawn, and read as paths. Both within the time, whatever comes.
fn outcomes(
    name: &str,
    file: &[u8],
) -> (Result<usize, FigureSourceError>, Result<Vec<String>, FigureSourceError>) {
    let began = Instant::now();
    let drawn = read_figure(file).map(|pages| pages.len());
    let read = FigureDocument::open(file.to_vec())
        .and_then(|document| document.vector_page(0))
        .map(|page| page.map_or_else(Vec::new, |page| page.warnings));
    assert!(began.elapsed() < FOREVER, "{name}");
    for error in [drawn.as_ref().err(), read.as_ref().err()].into_iter().flatten() {
        assert!(error.to_string().len() > 20, "{name}: {error}");
    }
    (drawn, read)
}

/// Whatever comes of a file, it comes in time and with a reason.
fn ends(name: &str, file: &[u8]) {
    let (drawn, read) = outcomes(name, file);
    assert!(drawn.is_ok() || drawn.is_err_and(|error| !error.to_string().is_empty()), "{name}");
    assert!(read.is_ok() || read.is_err_and(|error| !error.to_string().is_empty()), "{name}");
}

/// The file is not drawn, and read in part with a warning or not at all.
fn assert_refused(name: &str, file: &[u8]) {
    let (drawn, read) = outcomes(name, file);
    assert!(matches!(drawn, Err(FigureSourceError::TooLarge { .. })), "{name}: {drawn:?}");
    match read {
        Ok(warnings) => assert!(!warnings.is_empty(), "{name}"),
        Err(error) => assert!(matches!(error, FigureSourceError::TooLarge { .. }), "{name}: {error}"),
    }
}

#[test]
fn forms_that_draw_forms_are_not_followed_without_end() {
    // Each of nine forms draws the next ten times: a thousand million drawings.
    let forms: Vec<Vec<u8>> = (0..9)
        .map(|level| {
            let next = if level == 8 { "0 0 9 9 re f".to_owned() } else { "/F Do ".repeat(10) };
            let inner = if level == 8 { String::new() } else { format!("/XObject <</F {} 0 R>>", level + 6) };
            stream(
                &format!("/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources <<{inner}>>"),
                next.as_bytes(),
            )
        })
        .collect();
    assert_refused("nested forms", &page(LETTER, b"/F Do", "/XObject <</F 5 0 R>>", &forms));
}

#[test]
fn a_form_that_draws_itself_ends() {
    let form = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources <</XObject <</F 5 0 R>>>>",
        b"0 0 5 5 re f /F Do /F Do",
    );
    let (drawn, read) = outcomes("form in itself", &page(LETTER, b"/F Do", "/XObject <</F 5 0 R>>", &[form]));
    assert!(drawn.is_err() || read.is_ok());
}

#[test]
fn a_letter_that_is_written_with_itself_ends() {
    let font = text(
        "<</Type /Font /Subtype /Type3 /FontBBox [0 0 600 800] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 48 /LastChar 48 /Widths [500] /CharProcs <</zero 6 0 R>> /Encoding <</Type /Encoding /Differences [48 /zero]>>>>",
    );
    let letter = stream("", b"500 0 d0 0 0 400 700 re f BT /F1 1000 Tf 30 30 Td (0) Tj ET");
    // Without resources of its own the letter finds the page's font: the one that it belongs to.
    let operators = b"0 0 50 50 re f BT /F1 10 Tf 30 30 Td (0) Tj ET";
    let file = page(LETTER, operators, "/Font <</F1 5 0 R>>", &[font, letter]);
    let (drawn, read) = outcomes("letter in itself", &file);
    assert!(drawn.is_err());
    let warnings = read.expect("what comes before the letter");
    assert!(warnings.iter().any(|warning| warning.contains("more than is read")), "{warnings:?}");
}

#[test]
fn a_long_form_drawn_often_is_not_read_without_end() {
    let idle = deflated(&b"q Q ".repeat(250_000));
    let form = stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Filter /FlateDecode", &idle);
    assert_refused(
        "long form",
        &page(LETTER, "/F Do ".repeat(100_000).as_bytes(), "/XObject <</F 5 0 R>>", &[form]),
    );
}

#[test]
fn large_pages_are_not_drawn_together() {
    let mut objects = vec![text("<</Type /Catalog /Pages 2 0 R>>")];
    let kids: String = (3..23).map(|number| format!("{number} 0 R ")).collect();
    objects.push(text(&format!("<</Type /Pages /Kids [{kids}] /Count 20>>")));
    objects.extend((0..20).map(|_| text("<</Type /Page /Parent 2 0 R /MediaBox [0 0 14000 14000]>>")));
    let (drawn, read) = outcomes("large pages", &pdf(&objects));
    assert!(matches!(drawn, Err(FigureSourceError::TooLarge { .. })), "{drawn:?}");
    assert_eq!(read, Ok(Vec::new()));
}

#[test]
fn a_stream_that_unpacks_to_gigabytes_is_refused() {
    let zeros = deflated(&vec![b' '; 200 * 1024 * 1024]);
    let objects = |content: Vec<u8>| {
        pdf(&[
            text("<</Type /Catalog /Pages 2 0 R>>"),
            text("<</Type /Pages /Kids [3 0 R] /Count 1>>"),
            text("<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R>>"),
            content,
        ])
    };
    assert_refused("packed once", &objects(stream("/Filter /FlateDecode", &zeros)));
    let twice = stream("/Filter [/FlateDecode /FlateDecode]", &deflated(&zeros));
    assert_refused("packed twice", &objects(twice));
    let hex: String = zeros.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_refused(
        "packed as text",
        &objects(stream("/Filter [/ASCIIHexDecode /FlateDecode]", hex.as_bytes())),
    );
    // An object stream is unpacked as soon as the file is opened.
    let list = stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &zeros);
    assert_refused("packed objects", &objects(list));
}

#[test]
fn one_stream_named_many_times_is_refused() {
    let content = deflated(&b"1 0 0 1 0 0 cm ".repeat(1_000_000));
    let parts = "4 0 R ".repeat(10_000);
    let file = pdf(&[
        text("<</Type /Catalog /Pages 2 0 R>>"),
        text("<</Type /Pages /Kids [3 0 R] /Count 1>>"),
        text(&format!("<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents [{parts}]>>")),
        stream("/Filter /FlateDecode", &content),
    ]);
    assert_refused("content named often", &file);
}

#[test]
fn large_pictures_are_not_unpacked() {
    let picture = |size: u32, bits: u32, space: &str| {
        let bytes = (size as usize * bits as usize).div_ceil(8) * size as usize;
        let samples = deflated(&vec![0x5a; bytes]);
        stream(
            &format!(
                "/Type /XObject /Subtype /Image /Width {size} /Height {size} /BitsPerComponent {bits} \
                 /ColorSpace /{space} /Filter /FlateDecode"
            ),
            &samples,
        )
    };
    let draw = b"500 0 0 500 50 50 cm /P Do";
    let one_bit = picture(30_000, 1, "DeviceGray");
    assert_refused("picture", &page(LETTER, draw, "/XObject <</P 5 0 R>>", &[one_bit]));
    let often = b"q 500 0 0 500 50 50 cm /P Do Q ".repeat(200);
    assert_refused(
        "picture drawn often",
        &page(LETTER, &often, "/XObject <</P 5 0 R>>", &[picture(4_000, 8, "DeviceGray")]),
    );
}

#[test]
fn pictures_that_lie_about_their_size_are_not_unpacked() {
    // Headers alone: JPEG 2000 and JBIG2 of 60 000 x 60 000 samples in a picture that says 200 x 200.
    let mut jpeg_2000 = vec![0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0];
    jpeg_2000
        .extend([60_000u32, 60_000, 0, 0, 60_000, 60_000, 0, 0].iter().flat_map(|value| value.to_be_bytes()));
    jpeg_2000.extend([0, 1, 7, 1, 1]);
    let mut jbig2 = vec![0, 0, 0, 0, 48, 0, 1, 0, 0, 0, 19];
    jbig2.extend([60_000u32, 60_000, 0, 0].iter().flat_map(|value| value.to_be_bytes()));
    jbig2.extend([0, 0, 0]);
    for (filter, data) in [("JPXDecode", jpeg_2000), ("JBIG2Decode", jbig2)] {
        let picture = stream(
            &format!(
                "/Type /XObject /Subtype /Image /Width 200 /Height 200 /BitsPerComponent 1 /ColorSpace /DeviceGray \
                 /Filter /{filter}"
            ),
            &data,
        );
        let file = page(LETTER, b"500 0 0 500 50 50 cm /P Do", "/XObject <</P 5 0 R>>", &[picture]);
        assert_refused(filter, &file);
    }
}

#[test]
fn tiles_masks_and_dashes_without_number_are_not_drawn() {
    let tile = stream(
        "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 600 600] /XStep 0.01 /YStep 0.01 \
         /Resources <<>>",
        b"0 0 600 600 re f",
    );
    let (drawn, _) = outcomes(
        "tiles",
        &page(LETTER, b"/Pattern cs /P scn 0 0 612 792 re f", "/Pattern <</P 5 0 R>>", &[tile]),
    );
    assert!(matches!(drawn, Err(FigureSourceError::TooLarge { .. })), "{drawn:?}");

    let dashes = b"[0.0001 0.0001] 0 d 0 0 m 600 700 l S ".repeat(50);
    let (drawn, read) = outcomes("dashes", &page(LETTER, &dashes, "", &[]));
    assert!(matches!(drawn, Err(FigureSourceError::TooLarge { .. })), "{drawn:?}");
    assert!(read.is_ok());

    let layers = b"/G gs 0 0 612 792 re f ".repeat(2_000);
    let group = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Group <</S /Transparency /CS /DeviceGray>>",
        b"0 0 612 792 re f",
    );
    let state = text("<</Type /ExtGState /SMask <</S /Luminosity /G 5 0 R>>>>");
    ends("masks", &page(LETTER, &layers, "/ExtGState <</G 6 0 R>>", &[group, state]));
}

#[test]
fn transforms_and_sizes_without_measure_end() {
    let far =
        b"1e30 0 0 1e30 0 0 cm 0 0 m 1 1 l S 1e38 1e38 1e38 1e38 re f 0 0 0 0 0 0 cm 5 5 m 9 9 l S".to_vec();
    assert!(outcomes("far away", &page(LETTER, &far, "", &[])).1.is_ok());
    let letters = b"BT /F 1e9 Tf (Kaplan) Tj 1e-9 0 0 1e-9 0 0 Tm (Meier) Tj ET".to_vec();
    let font = "/Font <</F <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>>>";
    ends("large letters", &page(LETTER, &letters, font, &[]));
    for size in [(0, 0), (1, 2_000_000_000), (2_000_000_000, 2_000_000_000)] {
        ends("sizes", &page(size, b"0 0 m 9 9 l S", "", &[]));
    }
}

#[test]
fn objects_that_refer_to_themselves_end() {
    let kids = pdf(&[
        text("<</Type /Catalog /Pages 2 0 R>>"),
        text("<</Type /Pages /Kids [2 0 R 3 0 R 2 0 R] /Count 3 /Parent 2 0 R>>"),
        text("<</Type /Page /Parent 3 0 R /MediaBox 3 0 R /Contents 3 0 R>>"),
    ]);
    ends("pages in pages", &kids);
    ends("reference to itself", &pdf(&[text("1 0 R")]));
    let deep = format!("<</Type /Catalog /Pages {}{}>>", "[".repeat(200_000), "]".repeat(200_000));
    ends("deep arrays", &pdf(&[text(&deep)]));
    let nested = format!("{} 5 5 re f", "q [".repeat(200_000));
    ends("deep operands", &page(LETTER, nested.as_bytes(), "", &[]));
    ends(
        "length of itself",
        &pdf(&[text("<</Type /Catalog /Pages 2 0 R>>"), text("<</Length 2 0 R>> stream\nx\nendstream")]),
    );
}

#[test]
fn a_damaged_table_of_objects_is_rebuilt() {
    let whole = page(LETTER, b"10 10 m 100 100 l S", "", &[]);
    let place = whole.windows(9).rposition(|window| window == b"startxref").expect("is there");
    let mut wrong = whole[..place].to_vec();
    wrong.extend(b"startxref\n7\n%%EOF");
    assert_eq!(outcomes("wrong place of the table", &wrong).0, Ok(1));
    let table = whole.windows(5).position(|window| window == b"xref\n").expect("is there");
    assert_eq!(outcomes("no table", &whole[..table]).0, Ok(1));
    assert!(outcomes("header alone", b"%PDF-1.7\n").0.is_err());
}

#[test]
fn a_page_of_ten_thousand_objects_is_read_whole() {
    let mut operators = String::new();
    for k in 0..10_000 {
        let _ = writeln!(operators, "{} {} m {} {} l S", k % 600, k % 700, k % 600 + 5, k % 700);
    }
    let (drawn, read) = outcomes("ten thousand objects", &page(LETTER, operators.as_bytes(), "", &[]));
    assert_eq!((drawn, read), (Ok(1), Ok(Vec::new())));
}
