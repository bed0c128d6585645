import OrchProtocol

/// `memory 2.0 GiB, cpu 1.5`.
enum ResourceText {
    static func text(_ limits: ResourceLimits) -> String {
        limits.all.map { resource, amount in
            let number = Int64(exactly: amount)
            let text = number.map { resource.isBytes ? ByteText.text($0) : String($0) } ?? String(amount)
            return "\(resource.rawValue) \(text)"
        }.joined(separator: ", ")
    }
}
