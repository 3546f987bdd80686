//! The program `remote-auth`. Everything is in the library, so that tests can run it too.

fn main() -> std::process::ExitCode {
    remote_auth_cli::main()
}
