import Foundation
import Glibc
import OrchProtocol
import TOMLKit

/// One TOML file while it is being read. It notes which keys were asked for, so that those nobody asked for can be named.
package final class ConfigurationFile {
    package let path: String
    private let text: String
    package private(set) var faults: [ConfigurationError.Fault] = []
    private let root: TOMLTable

    /// - Throws: ``ConfigurationError`` for a file that cannot be read or is not TOML.
    package convenience init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            let exists = FileManager.default.fileExists(atPath: path)
            let problem = exists ? "cannot be read; check its permissions" : "does not exist"
            throw ConfigurationError(file: path, problem)
        }
        try self.init(path: path, data: data)
    }

    /// - Parameter path: what faults call it.
    package init(path: String, data: Data) throws {
        self.path = path
        guard let text = String(data: data, encoding: .utf8) else {
            throw ConfigurationError(file: path, "is not UTF-8 text")
        }
        guard data.count <= Self.maximum.size, data.count(where: { $0 == UInt8(ascii: ".") }) <= Self.maximum.dots else {
            let limits = "\(Self.maximum.size >> 10) KiB or \(Self.maximum.dots) dots"
            throw ConfigurationError(file: path, "is not a configuration: it has more than \(limits)")
        }
        if let fault = TOMLPrecheck.fault(in: [UInt8](data)) {
            throw ConfigurationError(file: path, line: fault.line, fault.problem)
        }
        self.text = text
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw ConfigurationError(file: path, line: Int(error.source.begin.line), error.description)
        }
    }

    package var top: Section { Section(file: self, name: nil, table: root) }

    /// - Parameter number: which of the tables of a list it is in, from 1.
    package func fault(_ key: String?, in section: String?, number: Int? = nil, _ problem: String) {
        guard faults.count < Self.maximum.faults else { return }
        faults.append(
            .init(file: path, line: key.flatMap { line(of: $0, in: section, number: number) }, problem: problem))
    }

    /// Far more than any configuration has. Each dot of a key is a table in a table, which the parser takes apart by recursion, and
    /// each fault is looked for in the text.
    private static let maximum = (size: 256 << 10, dots: 4096, faults: 100)

    /// TOMLKit keeps no positions once a file is parsed, so a key is looked for again, in the text of its section.
    package func line(of key: String, in section: String? = nil, number: Int? = nil) -> Int? {
        var current: String?
        var count = 0
        let list = section?.prefix { $0 != "." }
        // By scalars: a line feed after a carriage return is not a character of its own.
        for (index, raw) in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = Substring(raw).drop { $0 == " " || $0 == "\t" }
            if line.first == "[" {
                current = String(line.drop { $0 == "[" || $0 == " " }.prefix { $0 != "]" && $0 != " " })
                if let list, current == String(list) { count += 1 }
                if current == key, section == nil { return index + 1 }
            } else if current == section, number ?? count == count {
                let name = line.prefix { $0 != "=" && $0 != " " && $0 != "\t" }.filter { $0 != "\"" }
                if name == key, line.contains("=") { return index + 1 }
            }
        }
        // It may be a table in braces, on the line of its own name.
        guard let section, let dot = section.lastIndex(of: ".") else { return nil }
        return line(of: String(section[section.index(after: dot)...]), in: String(section[..<dot]), number: number)
    }

    /// A table of the file. Reading a key of the wrong type is noted as a fault and answers nil, so that reading continues.
    package final class Section {
        private let file: ConfigurationFile
        private let name: String?
        private let table: TOMLTable
        /// Of a table in a list, and of those within it.
        private let number: Int?
        private var known: [String] = []

        package init(file: ConfigurationFile, name: String?, table: TOMLTable, number: Int? = nil) {
            self.file = file
            self.name = name
            self.table = table
            self.number = number
        }

        package func value<T>(_ key: String, _ what: String, _ read: (any TOMLValueConvertible) -> T?) -> T? {
            known.append(key)
            guard let value = table[key] else { return nil }
            if let result = read(value) { return result }
            fault(key, "\(key) must be \(what), not \(text(of: value))")
            return nil
        }

        /// A value as a complaint quotes it.
        private func text(of value: any TOMLValueConvertible) -> String {
            if let string = value.string { return "\"\(SafeText.line(string).shortened(to: 60))\"" }
            if let number = value.int { return String(number) }
            if let number = value.double { return String(number) }
            if let truth = value.bool { return String(truth) }
            return value.array != nil ? "a list" : value.table != nil ? "a table" : "a time"
        }

        /// What Linux would take for no argument and no variable is refused here, and not when a program starts with it.
        package func checkStrings(_ strings: [String], of key: String) {
            guard let longest = strings.map(\.utf8.count).max(), longest > ArgumentSize.longest else { return }
            fault(key, "\(key) has a string of \(longest) bytes; Linux takes at most \(ArgumentSize.longest)")
        }

        package func fault(_ key: String?, _ problem: String) { file.fault(key, in: name, number: number, problem) }

        /// A fault of a key of a table within this one.
        package func fault(_ key: String?, in section: String?, _ problem: String) {
            file.fault(key, in: section ?? name, problem)
        }

        /// A word or a path, as the protocol has them: without control characters.
        package func string(_ key: String) -> String? {
            guard let text = text(key) else { return nil }
            let rule = ValueRule.of(field: key) ?? .word(0...65_536)
            guard let complaint = rule.complaint(text) else { return text }
            fault(key, "\(key) \(complaint)")
            return nil
        }

        /// Text of any kind.
        package func text(_ key: String) -> String? { value(key, "a string") { $0.string } }

        package func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
            integer(key, .whole(Int64(range.lowerBound)...Int64(range.upperBound)))
        }

        package func integer(_ key: String, _ rule: ValueRule) -> Int? {
            value(key, rule.form) { value in value.int.flatMap { rule.complaint(Int64($0)) == nil ? $0 : nil } }
        }

        /// Milliseconds.
        package func duration(_ key: String, _ rule: ValueRule = .delay) -> Int64? {
            guard case .seconds(let range) = rule else { return nil }
            let (low, high) = (DurationText.text(range.lowerBound), DurationText.text(range.upperBound))
            return value(key, "a duration from \(low) to \(high), such as \"90s\" or \"10m\"") { value in
                let seconds = value.string.flatMap { DurationText.seconds($0) } ?? value.int.map(Double.init) ?? value.double
                return seconds.flatMap { range.contains($0) ? Int64(($0 * 1000).rounded()) : nil }
            }
        }

        /// Bytes.
        package func size(_ key: String) -> Int64? {
            value(key, "a size such as \"512K\", \"64M\" or \"2G\"") { value in
                value.string.flatMap(SizeText.bytes) ?? value.int.flatMap { $0 > 0 ? Int64($0) : nil }
            }
        }

        package func boolean(_ key: String) -> Bool? { value(key, "true or false") { $0.bool } }

        package func octal(_ key: String, upTo limit: UInt32) -> UInt32? {
            value(key, "an octal number in quotes, such as \"077\"") { value in
                value.string.flatMap { UInt32($0, radix: 8) }.flatMap { $0 <= limit ? $0 : nil }
            }
        }

        /// The elements of a list, if all of them are of the kind.
        private static func all<T>(of list: TOMLArray?, _ read: (any TOMLValueConvertible) -> T?) -> [T]? {
            let elements = list?.compactMap(read)
            return elements?.count == list?.count ? elements : nil
        }

        package func strings(_ key: String) -> [String]? {
            value(key, "a list of strings") { Self.all(of: $0.array) { $0.string } }
        }

        /// A string, number or truth value, or a list of these, all as text.
        package func words(_ key: String) -> [String]? {
            func word(_ value: any TOMLValueConvertible) -> String? {
                value.string ?? value.int.map(String.init) ?? value.bool.map(String.init)
            }
            return value(key, "a string or a list of strings") { value in
                value.array == nil ? word(value).map { [$0] } : Self.all(of: value.array, word)
            }
        }

        package func integers(_ key: String, in range: ClosedRange<Int>) -> [Int]? {
            value(key, "a list of whole numbers from \(range.lowerBound) to \(range.upperBound)") { value in
                Self.all(of: value.array) { $0.int.flatMap { range.contains($0) ? $0 : nil } }
            }
        }

        package enum Element {
            case string(String)
            case table(Section)
        }

        /// A string or a table, or a list of these; none where the key is missing.
        package func elements(_ key: String, _ what: String) -> [Element] {
            let place = name.map { "\($0).\(key)" } ?? key
            func element(_ value: any TOMLValueConvertible) -> Element? {
                value.string.map { .string($0) }
                    ?? value.table.map { .table(Section(file: file, name: place, table: $0)) }
            }
            return value(key, what) { value in
                value.array == nil ? element(value).map { [$0] } : Self.all(of: value.array, element)
            } ?? []
        }

        package func choice<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type) -> T?
        where T.RawValue == String {
            let known = T.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            return value(key, "one of \(known)") { $0.string.flatMap(T.init(rawValue:)) }
        }

        package func stringTable(_ key: String) -> [String: String]? {
            value(key, "a table of strings") { value in
                guard let table = value.table else { return nil }
                var result: [String: String] = [:]
                for (name, value) in table {
                    guard let string = value.string else { return nil }
                    if result.updateValue(string, forKey: name) != nil {
                        fault(key, "has the name \"\(SafeText.line(name))\" in two spellings of Unicode; choose one")
                    }
                }
                return result
            }
        }

        package func arguments(_ key: String) -> [[String]]? {
            value(key, "a list of strings and of lists of strings") { value in
                Self.all(of: value.array) { element in
                    if let string = element.string { return [string] }
                    // A group is told from a single argument by its marker.
                    return Self.all(of: element.array) { $0.string }.flatMap { $0.isEmpty ? nil : [Self.groupMarker] + $0 }
                }
            }
        }

        package static let groupMarker = "\u{0}"

        package func section(_ key: String) -> Section? {
            guard let table = value(key, "a table", { $0.table }) else { return nil }
            return Section(file: file, name: name.map { "\($0).\(key)" } ?? key, table: table, number: number)
        }

        /// Reads a table, if it is there, and notes what nobody asked for.
        package func within(_ key: String, _ read: (Section) -> Void) {
            guard let section = section(key) else { return }
            read(section)
            section.finish()
        }

        /// The tables of a list, each with its place in it, from 1.
        package func sections(_ key: String) -> [(number: Int, section: Section)] {
            let tables = value(key, "a list of tables, each under [[\(key)]]") { Self.all(of: $0.array) { $0.table } }
            return (tables ?? []).enumerated().map { index, table in
                let name = name.map { "\($0).\(key)" } ?? key
                return (index + 1, Section(file: file, name: name, table: table, number: index + 1))
            }
        }

        package var keys: [String] { table.keys.sorted() }

        /// To be called when all keys have been asked for.
        package func finish() {
            for key in keys where !known.contains(key) {
                let hint = nearest(key, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
                let place = name.map { " in [\($0)]" } ?? ""
                fault(key, "unknown key \"\(key.shortened(to: 60))\"\(place)\(hint)")
            }
        }
    }
}

/// What is wrong with a configuration: all of it, not only the first thing.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    public struct Fault: Sendable, Equatable, CustomStringConvertible {
        public var file: String
        /// Counts from 1; nil where the fault is of the file as a whole.
        public var line: Int?
        public var problem: String

        public init(file: String, line: Int?, problem: String) {
            self.file = file
            self.line = line
            self.problem = problem
        }

        public var description: String {
            line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
        }
    }

    public var faults: [Fault]

    public init(faults: [Fault]) { self.faults = faults }

    init(file: String, line: Int? = nil, _ problem: String) {
        faults = [Fault(file: file, line: line, problem: problem)]
    }

    public var description: String { faults.map(\.description).joined(separator: "\n") }
}
