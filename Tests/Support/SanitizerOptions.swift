import Foundation

/// How the sanitizer behaves under which the tests run, for the programs that they start with an environment of their own.
public let sanitizerOptions = ProcessInfo.processInfo.environment.filter {
    ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains($0.key)
}
