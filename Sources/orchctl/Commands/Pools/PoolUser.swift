import ArgumentParser
import CLinux
import Glibc
import Platform
import Presentation
import Text

struct PoolUser: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Make a user for the tasks of a pool, so that no other pool's tasks can reach them.",
        discussion: """
            The kernel keeps users apart, and knows of no pools. So what a pool promises (programs, credentials, allow, \
            [confine], [spawn]) needs a user that no laxer pool has. This makes the user orch-pool-NAME by a file in \
            /etc/sysusers.d, and names it in the pool's file. It needs root. Afterwards: systemctl reload orchd

            Examples:
              sudo orchctl pool user research
              sudo orchctl pool user research && sudo systemctl reload orchd
            """)

    @Argument(help: "The name of the pool.")
    var pool: String

    @Option(help: ArgumentHelp("Where pools.d is; default /etc/orchd.", valueName: "dir"))
    var configDir = "/etc/orchd"

    @OptionGroup var global: GlobalOptions

    /// The kernel's tools take no longer name.
    private static let longestName = 31

    private struct Made: Encodable {
        var pool: String
        var user: String
        var file: String
    }

    func validate() throws {
        let letters = pool.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "z") ~= $0 || $0 == UInt8(ascii: "-") }
        guard letters, !pool.isEmpty, !pool.contains("/") else {
            throw ValidationError("no pool can be named \"\(SafeText.line(pool))\"")
        }
    }

    func run() throws {
        let user = "orch-pool-" + pool
        guard user.utf8.count <= Self.longestName else {
            throw Failure(
                .failed, "the user \(user) would have more than the \(Self.longestName) characters that a name may have",
                hint: "make one with useradd, and name it in the pool's file: user = \"…\"")
        }
        guard geteuid() == 0 else {
            throw Failure(.failed, "only root can make a user", hint: "sudo orchctl pool user \(pool)")
        }
        let file = "\(configDir)/pools.d/\(pool).toml"
        let text = try read(file)
        let line = "user = \"\(user)\"\n"
        if let given = Self.user(in: text), given != user {
            throw Failure(.failed, "\(file) names the user \"\(given)\" already", hint: "take the line out first")
        }
        // Debian has this directory only where somebody needs it.
        guard mkdir("/etc/sysusers.d", 0o755) == 0 || errno == EEXIST else {
            throw Failure(.failed, "cannot make the directory /etc/sysusers.d: \(SystemError.text(errno))")
        }
        let declaration = "/etc/sysusers.d/orchd-pool-\(pool).conf"
        try write(
            "# Made by orchctl pool user \(pool). The tasks of this pool run as this user, and those of no other.\n"
                + "u \(user) - \"Tasks of the orchd pool \(pool)\"\n", to: declaration, mode: 0o644)
        let (status, output) = try Subprocess(["/usr/bin/systemd-sysusers", declaration]).result()
        guard status == 0, getpwnam(user) != nil else {
            throw Failure(.failed, "systemd-sysusers did not make the user \(user): \(SafeText.line(output))")
        }
        if Self.user(in: text) == nil { try write(line + text, to: file, mode: nil) }
        let made = Made(pool: pool, user: user, file: file)
        if global.json { return try Client(global).printJSON(made) }
        try Output.print("the tasks of pool \(pool) run as \(user), says \(file)\nnext: systemctl reload orchd\n")
    }

    /// Which user a file names, before its first table.
    static func user(in text: String) -> String? {
        for line in text.split(separator: "\n") {
            let words = line.drop { $0 == " " || $0 == "\t" }
            if words.first == "[" { return nil }
            guard words.hasPrefix("user") else { continue }
            let rest = words.dropFirst(4).drop { $0 == " " || $0 == "\t" }
            guard rest.first == "=" else { continue }
            return String(rest.dropFirst().drop { " \t\"'".contains($0) }.prefix { !"\"' \t#".contains($0) })
        }
        return nil
    }

    private func read(_ file: String) throws -> String {
        guard let bytes = SmallFile.read(file, limit: 1 << 20) else {
            throw Failure(
                .failed, "there is no file \(file) that can be read: \(SystemError.text(errno))",
                hint: "a pool is a file in \(configDir)/pools.d")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure(.failed, "\(file) is not UTF-8") }
        return text
    }

    /// As a whole or not at all, with the mode and the owner that the file had.
    private func write(_ text: String, to file: String, mode: mode_t?) throws {
        var status = stat()
        if stat(file, &status) != 0 { (status.st_uid, status.st_gid, status.st_mode) = (0, 0, mode ?? 0o644) }
        let new = file + ".new"
        do {
            var rest: ArraySlice<UInt8>? = Array(text.utf8)[...]
            let made = try makeFile(new) {
                defer { rest = nil }
                return rest
            }
            guard fchown(made.number, status.st_uid, status.st_gid) == 0, fchmod(made.number, status.st_mode & 0o777) == 0,
                rename(new, file) == 0
            else { throw SystemError("replace it") }
        } catch {
            unlink(new)
            throw Failure(.failed, "cannot write \(file): \(error)")
        }
    }
}
