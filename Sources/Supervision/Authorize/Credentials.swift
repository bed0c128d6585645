import Glibc
import Platform
import SupervisorLink

/// Secrets that the service manager has loaded for the supervisor (`LoadCredential=`, systemd.exec(5)), handed to the attempts of the
/// pools that the policy names: each in a directory of its own on a file system in memory, for as long as the attempt lives.
struct Credentials {
    /// Why an attempt cannot have one.
    struct Missing: Error {
        let name: String
        let reason: String
    }

    /// What `LoadCredential=orchd:DIRECTORY` puts before the names of the files.
    private static let prefix = "orchd_"
    /// systemd allows 1 MiB for all credentials of a service.
    private static let maximumSize = 1 << 20
    /// What one string of the environment may have (MAX_ARG_STRLEN, execve(2)), with room for the name.
    private static let maximumVariable = 130_000

    /// Nil where the service manager has loaded none.
    private let source: String?
    private let place: String

    /// - Parameters:
    ///   - source: the directory that `$CREDENTIALS_DIRECTORY` names.
    ///   - place: where the directories of attempts are made; it is made where there is none.
    ///   - attempts: the names of those that live; what others have left is removed.
    init(from source: String?, in place: String, keeping attempts: Set<String>) throws(SystemError) {
        self.source = source
        self.place = place
        // Only root's, but to be passed through: what is in it says who may read it.
        guard mkdir(place, 0o711) == 0 || errno == EEXIST, chmod(place, 0o711) == 0 else {
            throw SystemError("make the directory \(place)")
        }
        let directory = try Descriptor(opening: place, O_RDONLY | O_DIRECTORY)
        for name in directoryNames(in: directory) where !attempts.contains(name) { takeBack(name) }
    }

    func directory(of attempt: String) -> String { "\(place)/\(attempt)" }

    /// Puts copies where the attempt finds them; the variables that it gets.
    func hand(_ grants: [CredentialGrant], to attempt: String, as identity: Identity?) throws(Missing) -> [ByteString] {
        guard !grants.isEmpty else { return [] }
        takeBack(attempt)
        do {
            let contents = try grants.map { grant in (grant, try read(grant.name)) }
            let directory = try makeDirectory(attempt, for: identity)
            for (grant, bytes) in contents { try write(bytes, as: grant.name, in: directory, for: identity) }
            return ["ORCH_CREDENTIALS_DIR=\(self.directory(of: attempt))"]
                + (try contents.compactMap { try variable($0, $1) })
        } catch {
            takeBack(attempt)
            throw error as? Missing ?? Missing(name: grants[0].name, reason: "\(error)")
        }
    }

    /// Removes what an attempt was handed.
    func takeBack(_ attempt: String) {
        let path = directory(of: attempt)
        guard let directory = try? Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { return }
        for name in fileNames(in: directory) { unlinkat(directory.number, name, 0) }
        rmdir(path)
    }

    private func read(_ name: String) throws -> [UInt8] {
        guard let source else { throw Missing(name: name, reason: "none is loaded") }
        for file in [Self.prefix + name, name] {
            if let bytes = SmallFile.read("\(source)/\(file)", limit: Self.maximumSize) { return bytes }
        }
        throw Missing(name: name, reason: "it is not loaded")
    }

    private func makeDirectory(_ attempt: String, for identity: Identity?) throws -> Descriptor {
        let path = directory(of: attempt)
        guard mkdir(path, 0o700) == 0 else { throw SystemError("make the directory \(path)") }
        let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        // It stays root's, who could not remove what is in the directory of somebody else.
        if let identity {
            guard fchown(directory.number, geteuid(), identity.group) == 0, fchmod(directory.number, 0o750) == 0 else {
                throw SystemError("change the owner of \(path)")
            }
        }
        return directory
    }

    private func write(
        _ bytes: [UInt8], as name: String, in directory: Descriptor, for identity: Identity?
    ) throws {
        let file = try Descriptor(
            opening: name, in: directory, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o400)
        guard Glibc.write(file.number, bytes, bytes.count) == bytes.count else { throw SystemError("write \(name)") }
        if let identity {
            guard fchown(file.number, identity.user, identity.group) == 0 else {
                throw SystemError("change the owner of \(name)")
            }
        }
    }

    /// Without the line feed that a file ends with.
    private func variable(_ grant: CredentialGrant, _ bytes: [UInt8]) throws(Missing) -> ByteString? {
        guard let name = grant.variable else { return nil }
        let value = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
        guard value.count <= Self.maximumVariable, !value.contains(0) else {
            throw Missing(name: grant.name, reason: "it cannot be in a variable: it has a NUL, or is too long")
        }
        return "\(name)=\(ByteString(value))"
    }
}
