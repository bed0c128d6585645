import OrchProtocol

/// Why an argument cannot be used: what would have been right, and what was given.
public struct ArgumentComplaint: Error, CustomStringConvertible {
    public let description: String

    /// What somebody has typed, for a message.
    public static func quoted(_ text: String) -> String { "\"\(SafeText.line(text).shortened(to: 60))\"" }
}

extension ValueRule {
    /// A whole number that the rule allows, from the command line.
    public func argument(_ text: String) throws -> Int {
        guard let number = Int64(text), complaint(number) == nil, let value = Int(exactly: number) else {
            throw ArgumentComplaint(description: "must be \(form), not \(ArgumentComplaint.quoted(text))")
        }
        return value
    }
}
