extension String {
    /// The string, or its beginning and an ellipsis: what a client sent may be quoted in an error, but not megabytes of it.
    ///
    /// - Parameter limit: how many scalars are kept. Characters would be no limit: one may have any number of combining marks.
    public func shortened(to limit: Int) -> String {
        let kept = unicodeScalars.prefix(limit)
        return kept.endIndex == unicodeScalars.endIndex ? self : String(kept) + "…"
    }
}

/// The candidate that a misspelt word most likely meant, or nil where none is near enough to be worth suggesting.
public func nearest(_ word: String, in candidates: some Sequence<String>) -> String? {
    guard word.utf8.count <= 64 else { return nil }
    let limit = max(1, word.count / 3)
    var best: (distance: Int, candidate: String)?
    for candidate in candidates {
        let distance = editDistance(Array(word), Array(candidate))
        if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    return best?.candidate
}

/// How many insertions, deletions, substitutions or swaps of neighbours turn one word into the other.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var beforePrevious = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    for i in 1...a.count {
        var current = [i]
        current.reserveCapacity(b.count + 1)
        for j in 1...b.count {
            var cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                cost = min(cost, beforePrevious[j - 2] + 1)
            }
            current.append(cost)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[b.count]
}
