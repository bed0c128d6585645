import OrchProtocol
import Text

extension SchemaCheck {
    mutating func mismatch(
        of elements: [JSONValue], _ value: JSONValue, with assertion: Assertion
    ) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        switch assertion {
        case .elementCount(let limits):
            return limits.contains(elements.count) ? nil : .init("must have \(limits.text) elements, not \(elements.count)")
        case .unique: return try repetition(in: elements)
        case .elements(let first, let rest):
            for (index, element) in elements.enumerated() {
                guard let node = index < first.count ? first[index] : rest else { return nil }
                if let mismatch = try mismatch(of: element, with: node) { return mismatch.within(String(index)) }
            }
            return nil
        case .contains(let node, let limits):
            var count = 0
            for element in elements where try mismatch(of: element, with: node) == nil { count += 1 }
            return limits.contains(count)
                ? nil : .init("must have \(limits.text) elements of the kind that \"contains\" describes, not \(count)")
        default: return try mismatch(of: value, withNodesOf: assertion)
        }
    }

    private mutating func repetition(in elements: [JSONValue]) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        var seen: [JSONValue: Int] = [:]
        for (index, element) in elements.enumerated() {
            try spend(element.weight)
            if let earlier = seen.updateValue(index, forKey: element) {
                return .init("must not have equal elements, as \(earlier) and \(index) are")
            }
        }
        return nil
    }

    mutating func mismatch(
        of members: [ExactText: JSONValue], _ value: JSONValue, with assertion: Assertion
    ) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        switch assertion {
        case .memberCount(let limits):
            return limits.contains(members.count) ? nil : .init("must have \(limits.text) members, not \(members.count)")
        case .required(let names):
            try spend(names.count)
            return names.first { members[$0] == nil }.map { .init("must have the member \"\($0.text.shortened(to: 60))\"") }
        case .requiredWith(let lists):
            for (name, names) in lists where members[name] != nil {
                try spend(names.count)
                if let missing = names.first(where: { members[$0] == nil }) {
                    return .init(
                        "must have the member \"\(missing.text.shortened(to: 60))\", since it has \"\(name.text.shortened(to: 60))\""
                    )
                }
            }
            return nil
        case .members(let named, let matching, let rest):
            // In order, so that the same document always gets the same complaint.
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                try spend(1)
                if let mismatch = try mismatch(of: member, called: name, named, matching, rest) {
                    return mismatch.within(name.text)
                }
            }
            return nil
        case .memberNames(let node):
            for name in members.keys.sorted() {
                if let mismatch = try mismatch(of: .string(name.text), with: node) {
                    return .init("has a name that it must not have: \(mismatch.problem)").within(name.text)
                }
            }
            return nil
        case .nodesWith(let nodes):
            for (name, node) in nodes.sorted(by: { $0.key < $1.key }) where members[name] != nil {
                if let mismatch = try mismatch(of: value, with: node) { return mismatch }
            }
            return nil
        default: return try mismatch(of: value, withNodesOf: assertion)
        }
    }

    private mutating func mismatch(
        of member: JSONValue, called name: ExactText, _ named: [ExactText: Int], _ matching: [(pattern: Pattern, node: Int)],
        _ rest: Int?
    ) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        var isKnown = false
        if let node = named[name] {
            isKnown = true
            if let mismatch = try mismatch(of: member, with: node) { return mismatch }
        }
        for (pattern, node) in matching where try matches(pattern, name.text) {
            isKnown = true
            if let mismatch = try mismatch(of: member, with: node) { return mismatch }
        }
        guard !isKnown, let rest else { return nil }
        return try mismatch(of: member, with: rest)
    }
}
