import OrchProtocol
import Text

/// Makes nodes of the places of a schema that can be reached. References are followed by a list of what is still to do and not by
/// recursion, so that a long chain of them takes no stack.
struct SchemaCompiler {
    private let document: JSONValue
    private var numbers: [ExactText: Int] = [:]
    private var paths: [String] = []
    private var nodes: [[Assertion]] = []
    private var pending: [(node: Int, schema: JSONValue)] = []

    init(_ document: JSONValue) { self.document = document }

    mutating func compile() throws(JSONSchema.Fault) -> [[Assertion]] {
        try checkDialect()
        _ = node(at: "", document)
        while let next = pending.popLast() {
            nodes[next.node] = try assertions(of: next.schema, at: paths[next.node])
        }
        try checkCycles()
        return nodes
    }

    /// The drafts from 6 on differ in what is refused below, or in nothing that is asserted.
    private func checkDialect() throws(JSONSchema.Fault) {
        guard case .object(let members) = document, let dialect = members["$schema"] else { return }
        let known = ["draft-06/schema", "draft-07/schema", "draft/2019-09/schema", "draft/2020-12/schema"]
        guard case .string(let name) = dialect, known.contains(where: { name.contains("json-schema.org/\($0)") }) else {
            throw fault("/$schema", "only drafts 6, 7, 2019-09 and 2020-12 of JSON Schema are known")
        }
    }

    /// The number of the node for a place in the schema.
    mutating func node(at path: String, _ schema: JSONValue) -> Int {
        if let number = numbers[ExactText(path)] { return number }
        let number = nodes.count
        numbers[ExactText(path)] = number
        paths.append(path)
        nodes.append([])
        pending.append((number, schema))
        return number
    }

    /// The node that a `$ref` leads to.
    mutating func target(of reference: String, at path: String) throws(JSONSchema.Fault) -> Int {
        guard reference == "#" || reference.has(prefix: "#/") else {
            throw fault(
                path,
                "refers to \"\(reference.shortened(to: 80))\"; only references within the schema, such as "
                    + "\"#/$defs/name\", are followed")
        }
        var place = document
        var target = ""
        for step in String(reference.unicodeScalars.dropFirst(2)).parts(at: "/") where reference != "#" {
            guard let key = Self.decoded(step) else {
                throw fault(path, "is no JSON pointer: \"\(reference.shortened(to: 80))\"")
            }
            switch place {
            case .object(let members): place = try found(members[ExactText(key)], reference, path)
            case .array(let elements):
                let index = Int(key) ?? -1
                place = try found(elements.indices.contains(index) ? elements[index] : nil, reference, path)
            default: place = try found(nil, reference, path)
            }
            target += "/" + Self.escaped(key)
        }
        return node(at: target, place)
    }

    private func found(_ value: JSONValue?, _ reference: String, _ path: String) throws(JSONSchema.Fault) -> JSONValue {
        guard let value else { throw fault(path, "there is nothing at \"\(reference.shortened(to: 80))\"") }
        return value
    }

    /// A schema that is put to the value that it is itself put to would never end. Nodes are taken away that lead to no others; what is
    /// left goes round (A. Kahn, 1962).
    private func checkCycles() throws(JSONSchema.Fault) {
        var users = [[Int]](repeating: [], count: nodes.count)
        var open = [Int](repeating: 0, count: nodes.count)
        for (number, assertions) in nodes.enumerated() {
            for used in assertions.flatMap(\.nodesOfSameValue) {
                users[used].append(number)
                open[number] += 1
            }
        }
        var free = nodes.indices.filter { open[$0] == 0 }
        while let node = free.popLast() {
            for user in users[node] {
                open[user] -= 1
                if open[user] == 0 { free.append(user) }
            }
        }
        if let node = open.firstIndex(where: { $0 > 0 }) { throw fault(paths[node], "leads back to itself") }
    }

    func fault(_ path: String, _ problem: String) -> JSONSchema.Fault { JSONSchema.Fault(path: path, problem: problem) }

    // MARK: JSON pointers (RFC 6901)

    static func escaped(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return key }
        return key.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    /// A step of a pointer within a URI. Nil for a `%` without its two digits.
    private static func decoded(_ step: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(step.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        var text = ""
        var isEscape = false
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if isEscape {
                guard scalar == "0" || scalar == "1" else { return nil }
                text += scalar == "0" ? "~" : "/"
                isEscape = false
            } else if scalar == "~" {
                isEscape = true
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return isEscape ? nil : text
    }
}
