import Platform

@testable import Supervision

/// The policy file, on which root relies.
enum PolicyTarget: FuzzTarget {
    static let name = "policy"

    static func check(_ input: [UInt8]) throws {
        guard let text = String(validating: input, as: UTF8.self) else { return }
        let policy: Policy
        do throws(Policy.Invalid) {
            policy = try Policy(parsing: text)
        } catch {
            let lines = input.count { $0 == 0x0A } + 1
            try hold((1...lines).contains(error.line), "line \(error.line) of \(lines)")
            return
        }
        try hold(policy.pools.values.allSatisfy { $0.runners.users.allSatisfy { $0 != 0 } }, "root")
        // All that it allows is written in it, byte for byte.
        let lines = Set(input.split(separator: 0x0A).map(Array.init))
        for (name, pool) in policy.pools {
            for program in pool.programs {
                try hold(lines.contains(Array("program \(name) ".utf8) + program), "a program that is not in the file")
            }
        }
    }
}

extension Policy.Runners {
    fileprivate var users: [UInt32] {
        switch self {
        case .one(let identity): [identity.user]
        case .submitters(let identities): identities.map { $0.key == $0.value.user ? $0.key : 0 }
        }
    }
}
