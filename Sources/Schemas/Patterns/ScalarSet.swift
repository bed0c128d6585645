import Text

/// Characters, by ranges.
struct ScalarSet: Sendable, Equatable {
    /// In order, and apart from each other.
    let ranges: [ClosedRange<UInt32>]
    let isInverted: Bool

    init(_ ranges: [ClosedRange<UInt32>], isInverted: Bool = false) {
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
        self.isInverted = isInverted
    }

    init(_ scalar: Unicode.Scalar) { self.init([scalar.value...scalar.value]) }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar.value { low = middle + 1 } else { high = middle }
        }
        return (low < ranges.count && ranges[low].contains(scalar.value)) != isInverted
    }

    /// The same without being inverted.
    var positive: [ClosedRange<UInt32>] {
        guard isInverted else { return ranges }
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        return next <= 0x10FFFF ? result + [next...0x10FFFF] : result
    }

    /// `\d`, `\w` and `\s`, and `.`, as ECMA-262 has them.
    static let digit = ScalarSet([0x30...0x39])
    static let word = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let space = ScalarSet([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    static let any = ScalarSet([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029], isInverted: true)

    /// With the large letter of each small one, and the other way round. Of an inverted set, those are what is not in it.
    var folded: ScalarSet {
        // Beyond this nothing has two cases.
        let letters = ranges.flatMap { $0.clamped(to: 0...0x1E943) }.compactMap(Unicode.Scalar.init)
        let others = letters.flatMap { [$0.properties.lowercaseMapping, $0.properties.uppercaseMapping] }
            .compactMap { $0.unicodeScalars.count == 1 ? $0.unicodeScalars.first?.value : nil }
        return ScalarSet(ranges + others.map { $0...$0 }, isInverted: isInverted)
    }

    var inverted: ScalarSet { ScalarSet(ranges, isInverted: !isInverted) }
}
