import Glibc

/// Why a test cannot go on, in words.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The longest that anything may take. It is far more than anything needs: a test that meets it has failed.
let patience = 60.0

/// Milliseconds on the monotonic clock.
func milliseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1_000_000
}

/// Waits for something that makes itself known in no other way than by being so.
func eventually(_ what: @autoclosure () -> String, within seconds: Double = patience, _ condition: () throws -> Bool) throws {
    let deadline = milliseconds() + seconds * 1000
    while try !condition() {
        guard milliseconds() < deadline else { throw Failure("waited \(seconds) s in vain: \(what())") }
        usleep(10_000)
    }
}

/// The same for a value, which is there when it is not nil.
func eventually<T>(_ what: @autoclosure () -> String, _ value: () throws -> T?) throws -> T {
    var found: T?
    try eventually(what()) {
        found = try value()
        return found != nil
    }
    guard let found else { throw Failure(what()) }
    return found
}
