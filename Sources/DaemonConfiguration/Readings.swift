import Agents
import OrchProtocol
import Platform
import Scheduling
import Settings
import TOMLKit

/// What only the definitions of agents have: places in JSON, lines to look for, and conditions.
extension ConfigurationFile.Section {
    /// `"/a/b"`, `["/a", "/b"]`, `{ at = "/a", when = {…}, combine = "sum" }`, `{ pattern = "cost: {value}" }`, or a list of such.
    package func readings(_ key: String) -> [OutputExtractor] {
        elements(key, "a pointer such as \"/a/b\", a table with \"at\" or \"pattern\", or a list of these").compactMap {
            element in
            switch element {
            case .string(let text): pointer(text, key).map { OutputExtractor(pointers: [$0]) }
            case .table(let section): reading(section, key)
            }
        }
    }

    private func reading(_ section: ConfigurationFile.Section, _ key: String) -> OutputExtractor? {
        var reading = OutputExtractor(pointers: (section.words("at") ?? []).compactMap { section.pointer($0, "at") })
        reading.patterns = section.patterns("pattern")
        reading.conditions = section.conditions("when")
        if let combination = section.choice("combine", OutputExtractor.Combination.self) { reading.combination = combination }
        if reading.pointers.isEmpty, reading.patterns.isEmpty { fault(key, "\(key) needs an \"at\" or a \"pattern\"") }
        section.finish()
        return reading
    }

    /// A table of pointers, each with a word or several.
    package func conditions(_ key: String) -> [OutputExtractor.Condition] {
        guard let section = section(key) else { return [] }
        let conditions = section.keys.compactMap { name -> OutputExtractor.Condition? in
            guard let words = section.words(name), let pointer = section.pointer(name, name) else { return nil }
            return OutputExtractor.Condition(pointer: pointer, words: words)
        }
        section.finish()
        return conditions
    }

    package func patterns(_ key: String) -> [TextPattern] {
        (words(key) ?? []).compactMap { text in
            let pattern = TextPattern(text)
            if pattern == nil { fault(key, "the pattern \"\(text.shortened(to: 60))\" has no words, or more than one {value}") }
            return pattern
        }
    }

    private func pointer(_ text: String, _ key: String) -> JSONPointer? {
        let pointer = JSONPointer(text)
        if pointer == nil { fault(key, "\"\(text.shortened(to: 60))\" is not a JSON pointer; it must begin with \"/\"") }
        return pointer
    }
}

extension ConfigurationFile.Section {
    /// The number of a user, given as it is or by name.
    package func user(_ key: String) -> UInt32? {
        value(key, "a user's name or number") { value in
            value.int.flatMap { UInt32(exactly: $0) } ?? value.string.flatMap { UserDatabase.user($0)?.uid }
        }
    }

    /// A user by name or number. Nil is noted as a fault of a key.
    package func user(named name: String, for key: String) -> UInt32? {
        if let uid = UInt32(name) ?? UserDatabase.user(name)?.uid { return uid }
        let isGroup = UserDatabase.group(name.hasPrefix("@") ? String(name.dropFirst()) : name) != nil
        fault(key, "there is no user \"\(name)\"\(isGroup ? "; a group cannot be named here" : "")")
        return nil
    }

    /// A list of users.
    package func users(_ key: String) -> Set<UInt32>? {
        strings(key).map { Set($0.compactMap { user(named: $0, for: key) }) }
    }

    /// A list of methods that can be given to users who are not administrators.
    package func methods(_ key: String) -> Set<String> {
        let known = Methods.all.filter(\.isGrantable).map(\.name)
        let given = strings(key) ?? []
        for name in given where !known.contains(name) {
            let hint = nearest(name, in: known).map { "did you mean \"\($0)\"? Others are" } ?? "those that can be are"
            let what = Methods.named(name) == nil ? "there is no method" : "nobody can be given the method"
            fault(key, "\(what) \"\(name.shortened(to: 60))\"; \(hint) \(known.joined(separator: ", "))")
        }
        return Set(given).intersection(known)
    }

    /// A list of users and of groups, the latter with `@` before their names; numbers do as well.
    package func access(_ key: String) -> PoolAccess? {
        guard let names = strings(key) else { return nil }
        var access = PoolAccess(names: names, users: [], groups: [])
        for name in names {
            if name.hasPrefix("@") {
                let group = String(name.dropFirst())
                guard let gid = UInt32(group) ?? UserDatabase.group(group) else {
                    fault(key, "there is no group \"\(group)\"")
                    continue
                }
                access.groups.insert(gid)
            } else if let uid = UInt32(name) ?? UserDatabase.user(name)?.uid {
                access.users.insert(uid)
            } else {
                let isGroup = UserDatabase.group(name) != nil
                fault(key, "there is no user \"\(name)\"\(isGroup ? "; the group is written \"@\(name)\"" : "")")
            }
        }
        return access
    }
}

extension ConfigurationFile.Section {
    /// What the keys that are named as resources are limit them to.
    package func resources() -> ResourceLimits {
        var limits = ResourceLimits()
        for resource in ResourceLimits.Resource.allCases {
            limits[resource] = value(resource.rawValue, resource.form) { value in
                if let text = value.string { return resource.isBytes ? resource.amount(text) : nil }
                return (value.int.map { Double($0) } ?? value.double).flatMap { resource.isAllowed($0) ? $0 : nil }
            }
        }
        return limits
    }
}
