use std::process::ExitCode;

fn main() -> ExitCode {
    buting::cli::run()
}
