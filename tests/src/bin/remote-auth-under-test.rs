//! The program `remote-auth`, under a name that the tests of this package can find.

fn main() -> std::process::ExitCode {
    remote_auth_cli::main()
}
