import FoundationEssentials
import OrchProtocol

@testable import Scheduling

/// Tasks as a client describes them, and the rules that they have to keep.
enum SubmissionTarget: FuzzTarget {
    static let name = "submission"

    static func check(_ input: [UInt8]) throws {
        guard let submission = try? Wire.decode(Submission.self, from: Data(input)) else { return }
        for (index, spec) in submission.all.enumerated() {
            do throws(WireError) {
                try SpecRules.check(spec, path: "[\(index)]")
            } catch {
                try RequestTarget.check(error)
                let field = try hold(error.data?.field, "an error without a field: \(error)")
                try hold(field.hasPrefix("[\(index)]."), "the field of another task: \(field)")
                continue
            }
            for seconds in [spec.timeout, spec.idleTimeout, spec.retryDelay] {
                guard let milliseconds = SpecRules.milliseconds(seconds) else { continue }
                try hold(milliseconds >= 0, "a time that is negative")
            }
            try hold((spec.command == nil) != (spec.prompt == nil), "a task with two kinds of work")
        }
    }
}
