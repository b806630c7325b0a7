//! kmeta: Kaplan-Meier figures in, pooled meta-analysis out.

fn main() {
    for a in std::env::args().skip(1) {
        match kmeta::project::StudyFile::read(a.as_ref()) {
            Ok(s) => println!("{:#?}", s.project.analyses),
            Err(e) => for p in e.0 { println!("{:?}", miette::Report::new(p)); }
        }
    }
}
