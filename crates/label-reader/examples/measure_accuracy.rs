//! Reads the crops listed in a table and prints how many were read right, by kind and by size of print.
//!
//! `cargo run --release -p kmeta-label-reader --example measure_accuracy -- TRUTH.tsv FOLDER`
//!
//! Each line of the table: file name, true text, kind (`single`, `number` or `word`), font, size, treatment. Numbers
//! are read with [`LabelReader::read_numeric`], words with [`LabelReader::read`]; blanks are not compared. Misreadings
//! go to standard error.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program, not the library")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use kmeta_label_reader::LabelReader;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, table, folder] = arguments.as_slice() else {
        return Err("usage: measure_accuracy TRUTH.tsv FOLDER".into());
    };
    let table = std::fs::read_to_string(table)?;
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
    let start = Instant::now();
    let reader = LabelReader::new()?;
    println!("loaded in {:.0} ms", start.elapsed().as_secs_f64() * 1e3);

    // Right and all, by kind and size.
    let mut counts: BTreeMap<(String, String), (u32, u32)> = BTreeMap::new();
    for words in [false, true] {
        let chosen: Vec<_> = rows.iter().filter(|row| (row[2] == "word") == words).collect();
        let crops = chosen
            .iter()
            .map(|row| Ok(image::open(Path::new(folder).join(row[0]))?.to_luma8()))
            .collect::<Result<Vec<_>, image::ImageError>>()?;
        let start = Instant::now();
        let labels = if words { reader.read(&crops)? } else { reader.read_numeric(&crops)? };
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        println!("{} crops, {:.2} ms each", crops.len(), milliseconds / crops.len().max(1) as f64);
        for (row, label) in chosen.iter().zip(labels) {
            let right = without_blanks(&label.text) == without_blanks(row[1]);
            if !right {
                eprintln!(
                    "{}\tread {:?} {:.4} or {:?}",
                    row.join("\t"),
                    label.text,
                    label.confidence,
                    label.alternative
                );
            }
            for key in
                [(row[2].to_string(), format!("{:>2} px", row[4])), (row[2].to_string(), "all".to_string())]
            {
                let count = counts.entry(key).or_default();
                count.0 += u32::from(right);
                count.1 += 1;
            }
        }
    }
    for ((kind, size), (right, all)) in counts {
        println!("{kind:8} {size:6} {right:5} of {all:5} = {:.4}", f64::from(right) / f64::from(all));
    }
    Ok(())
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}
