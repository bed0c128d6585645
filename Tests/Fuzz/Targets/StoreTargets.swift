import FoundationEssentials
import Glibc
import Platform
import SupervisorLink
import TestSupport

@testable import Supervision

/// The file of ends that a killed supervisor left.
enum ExitStoreTarget: FuzzTarget {
    static let name = "exit-store"

    static func check(_ input: [UInt8]) throws {
        let scratch = try ScratchDirectory()
        try Data(input).write(to: URL(filePath: scratch.path("exits")))
        let directory = try Descriptor(opening: scratch.url.path, O_RDONLY | O_DIRECTORY)
        let reports = try ExitStore(in: directory, discarding: false).reports
        let kept = [UInt8](try scratch.data("exits"))
        try hold(input.starts(with: kept) && kept.count % EndReport.size == 0, "ends were changed")
        for report in reports.values {
            try hold(kept.count >= EndReport.size && report.attempt > 0, "an end that is not in the file")
        }
        try hold(ExitStore(in: directory, discarding: false).reports == reports, "read twice there are other ends")
        let fresh = EndReport(
            start: StartReport(attempt: .max, pid: 1, slot: 1, startedAt: 0, startedMonotonic: 0), ending: .exited, code: 3,
            endedAt: 0, endedMonotonic: 0)
        try ExitStore(in: directory, discarding: false).append([fresh])
        try hold(
            ExitStore(in: directory, discarding: false).reports[.max] == fresh, "an end after what was there cannot be read")
    }
}

/// The mapped file of what a killed supervisor had running. Where the first byte is odd its header is one of this boot.
enum StateFileTarget: FuzzTarget {
    static let name = "state-file"

    static func check(_ input: [UInt8]) throws {
        guard let first = input.first else { return }
        let scratch = try ScratchDirectory()
        let directory = try Descriptor(opening: scratch.url.path, O_RDONLY | O_DIRECTORY)
        let path = scratch.path("state")
        if first & 1 == 1 {
            try? FileManager.default.removeItem(atPath: path)
            _ = try StateFile(in: directory)
            let file = try Descriptor(opening: path, O_WRONLY)
            let bytes = Array(input.dropFirst())
            // The highest attempt and the first entries of the table.
            _ = pwrite(file.number, bytes, min(8, bytes.count), 64)
            _ = bytes.dropFirst(8).withUnsafeBytes { pwrite(file.number, $0.baseAddress, $0.count, 4096) }
        } else {
            try Data(input.dropFirst()).write(to: URL(filePath: path))
        }
        let state = try openAndRead(directory)
        try hold(state.running.allSatisfy { $0.attempt > 0 }, "an attempt without a number")
        let again = try openAndRead(directory)
        try hold(!again.isNew, "a file that was just made is not taken")
        try hold(again.running == state.running && again.heardUpTo == state.heardUpTo, "read twice it is another")
    }

    private struct Content {
        var isNew: Bool
        var heardUpTo: UInt64
        var running: [StartReport]
    }

    private static func openAndRead(_ directory: Descriptor) throws -> Content {
        let state = try StateFile(in: directory)
        return Content(isNew: state.isNew, heardUpTo: state.heardUpTo, running: state.leftRunning)
    }
}
