import Foundation
import Glibc

/// One call of a program that changes files, and what happens to it. See `Tests/System/Faults/faults.c`.
struct Fault: CustomStringConvertible {
    enum Action: String, CaseIterable {
        case ioError = "EIO"
        case noSpace = "ENOSPC"
        case short, before, after, tear

        /// Whether the program dies of it.
        var kills: Bool { self == .before || self == .after || self == .tear }
        /// Whether it is about half of a write.
        var isPartial: Bool { self == .short || self == .tear }
    }

    enum Target: String {
        case engine = "orchd serve"
        case supervisor = "orchd-supervisor --link"
    }

    var program: Target
    var action: Action
    /// Which call it is, from 1.
    var number: Int

    var description: String { "\(action.rawValue) at call \(number) of \(program.rawValue)" }

    /// What the programs of a daemon in this directory must find in their environment.
    func environment(_ directory: Directory) throws -> [String: String] {
        var variables = try Self.tracing(program, directory)
        variables["FAULTS_ACTION"] = action.rawValue
        variables["FAULTS_AT"] = String(number)
        return variables
    }

    /// The same where nothing is to happen but the list of calls.
    static func tracing(_ program: Target, _ directory: Directory) throws -> [String: String] {
        let state = directory.file("state")
        return [
            "LD_PRELOAD": try library.get(), "FAULTS_PROGRAM": program.rawValue, "FAULTS_DONE": directory.file("fault"),
            "FAULTS_BELOW": program == .engine ? state : state + "/run", "FAULTS_TRACE": directory.file("calls"),
        ]
    }

    /// The kind of call and the path that it happened to; nil if it did not happen, for want of so many calls.
    static func trace(_ directory: Directory) -> String? { directory.text("fault").map { String($0.dropLast()) } }

    /// How many calls one process has made at the most.
    static func calls(_ directory: Directory) -> Int {
        let lines = directory.text("calls")?.split(separator: "\n") ?? []
        return lines.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }.max() ?? 0
    }

    /// Which calls were writes, in about every run.
    static func writes(_ directory: Directory) -> Set<Int> {
        let lines = directory.text("calls")?.split(separator: "\n") ?? []
        return Set(lines.filter { $0.contains("write ") }.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } })
    }

    /// The library, made at the first use: no package of ours has a place for one.
    private static let library = Result { try compiled("faults.c", as: "orchd-faults.so", "-shared -fPIC") }

    /// Compiles a file of `Tests/System/Faults`.
    static func compiled(_ source: String, as name: String, _ options: String) throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Faults").standardizedFileURL
        let result = Program.folder + "/" + name
        // Beside it first, and then in its place: another test process may use it.
        let command = """
            compiler=$(command -v cc || command -v clang) || exit 1
            "$compiler" -std=gnu11 -O1 -Wall -Wextra -Werror \(options) -o '\(result).\(getpid())' '\(folder.path)/\(source)' \
            && mv '\(result).\(getpid())' '\(result)'
            """
        let program = try Program(
            ["/bin/sh", "-c", command], environment: ProcessInfo.processInfo.environment, descriptors: [0, 2, 2])
        guard try program.wait() == 0 else { throw Failure("cannot compile \(source)") }
        return result
    }
}
