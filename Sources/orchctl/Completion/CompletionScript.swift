/// What a shell reads to complete the words of `orchctl`: it asks `orchctl ---complete WORD...`, see ``Completion``, and leaves files and
/// the commands of tasks to the shell's own completion. The scripts are the files beside this one, which are part of the program.
enum CompletionScript {
    static let option = "--generate-completion-script"

    private static let scripts = [
        "bash": PackageResources.orchctl_bash, "zsh": PackageResources.orchctl_zsh, "fish": PackageResources.orchctl_fish,
    ]

    /// Nil for a shell that there is none for; the parser says so then.
    static func text(for shell: String) -> String? { scripts[shell].map { String(decoding: $0, as: UTF8.self) } }
}
