//! kmeta: Kaplan-Meier figures in, pooled meta-analysis out.

fn main() -> std::process::ExitCode {
    kmeta::command_line::run()
}
