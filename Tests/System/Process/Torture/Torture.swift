import Foundation
import Glibc
import Synchronization
import TestSupport

/// How much of the crash loops is run: some seconds of each with the other tests, and all of it by `make torture`.
enum Torture {
    static let isFull = ProcessInfo.processInfo.environment["ORCHD_TORTURE"] == "1"

    static func amount(_ short: Int, full: Int) -> Int { isFull ? full : short }

    /// What a run draws its random numbers from: ORCHD_SEED, to have the same again, or another one each time.
    static func seed() -> UInt64 {
        ProcessInfo.processInfo.environment["ORCHD_SEED"].flatMap { UInt64($0) } ?? .random(in: 1...UInt64(UInt32.max))
    }
}

extension SeededGenerator {
    mutating func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &self) }
}

/// Runs bodies at the same time, each on a thread of its own, and throws what one of them has thrown first. The others are
/// waited for, too, so they must come to an end when one fails.
func concurrently(_ bodies: [@Sendable () throws -> Void]) throws {
    let failure = Failures()
    let group = DispatchGroup()
    for body in bodies {
        group.enter()
        let thread = Thread {
            do { try body() } catch { failure.add(error) }
            group.leave()
        }
        thread.stackSize = 4 << 20
        thread.start()
    }
    group.wait()
    if let first = failure.first { throw first }
}

private final class Failures: Sendable {
    private let errors = Mutex<[any Error]>([])
    func add(_ error: any Error) { errors.withLock { $0.append(error) } }
    var first: (any Error)? { errors.withLock { $0.first } }
}
