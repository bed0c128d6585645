import ArgumentParser

/// Needs no daemon: secrets are between the administrator, systemd and the supervisor, and never pass through a client.
struct Secret: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain how a task gets a key or a password.",
        discussion: """
            orchctl itself takes no secrets: they would be in its arguments, in the queue and in backups.

            Examples:
              orchctl secret
              orchctl secret openai
            """)

    @Argument(help: "The name of the secret.")
    var name = "openai"

    @OptionGroup var global: GlobalOptions

    /// What `--json` prints.
    private struct Advice: Encodable {
        var name: String
        var variable: String
        var text: String
    }

    func validate() throws {
        let allowed = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        guard allowed, !name.isEmpty, !name.hasPrefix("."), name.utf8.count <= 64 else {
            throw ValidationError(
                "the name of a secret has at most 64 letters, digits, \".\", \"-\" and \"_\", and does not begin with \".\"")
        }
    }

    func run() throws {
        let variable = name.uppercased().map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined() + "_API_KEY"
        let text =
            """
            systemd's credentials give a secret to tasks, as a file that only they can read. As root:

              1. put it where only root can read it
                   install -m 600 /dev/stdin /etc/orchd/secrets/\(name)      then paste it, and Ctrl-D
                 or encrypted, so that only this machine can read it
                   systemd-creds encrypt --name=\(name) - /etc/credstore.encrypted/\(name)
                   systemctl edit orchd-supervisor
                     [Service]
                     LoadCredentialEncrypted=\(name):/etc/credstore.encrypted/\(name)

              2. say which pool gets it, in /etc/orchd/pools.d/POOL.toml
                   credentials = ["\(name)"]
                 and, if the program expects it in its environment
                   credential_env = { \(variable) = "\(name)" }

              3. make systemd load it; this needs a restart of the supervisor, which ends running tasks
                   orchctl drain                                       and when orchctl status shows no running task:
                   systemctl restart orchd-supervisor orchd
                 if systemd has loaded the secret already, a change of a pool only needs
                   systemctl reload orchd

            For your own daemon: put the file below ~/.config/orchd/secrets, and name it in `systemctl --user edit orchd-supervisor`
            as LoadCredential=\(name):%E/orchd/secrets/\(name); the rest is the same, with ~/.config/orchd/pools.d and --user.

            The task finds it in the file "$ORCH_CREDENTIALS_DIR/\(name)". It is only in memory, and is removed with the attempt.

            """
        guard global.json else { return try Output.print(text) }
        try Client(global).printJSON(Advice(name: name, variable: variable, text: text))
    }
}
