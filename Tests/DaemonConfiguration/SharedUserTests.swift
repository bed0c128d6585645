import Settings
import TestSupport
import Testing

@testable import DaemonConfiguration

/// What a pool promises, beside another one whose tasks run as the same user.
@Suite struct SharedUserTests {
    private static let promises = [
        "programs = [\"/bin/true\"]\n", "credentials = [\"key\"]\n", "allow = [\"root\"]\n", "[confine]\nread_only = true\n",
        "[confine]\nnetwork = false\n", "[spawn]\npools = []\n", "full_access = true\n",
    ]

    private func faults(_ one: String, _ other: String, users: (String?, String?) = (nil, nil)) throws -> [String] {
        func file(_ text: String, _ user: String?) -> String {
            (user.map { "user = \"\($0)\"\n" } ?? "") + "slots = 1\n" + text
        }
        let files = try ConfigurationFiles([
            "orchd.toml": "", "pools.d/one.toml": file(one, users.0), "pools.d/other.toml": file(other, users.1),
        ])
        return try files.load().sharedUserFaults(
            defaultUser: "nobody", clientGroup: "root", file: files.directory + "/orchd.toml"
        ).map {
            $0.description.replacing(files.directory + "/", with: "")
        }
    }

    @Test(arguments: promises) func aLaxerPoolOfTheSameUserIsRefused(_ promise: String) throws {
        let found = try faults(promise, "")
        #expect(
            found.count == 1 && found[0].hasPrefix("pools.d/one.toml") && found[0].contains("orchctl pool user one"), "\(found)"
        )
        #expect(try faults("", promise).first?.hasPrefix("pools.d/other.toml") == true)
        // Whether the user is named or not.
        #expect(try faults(promise, "", users: ("nobody", nil)).count == 1)
        #expect(try faults(promise, "", users: ("games", "games")).count == 1)
    }

    @Test(arguments: promises) func oneOfAnotherUserOrWithTheSamePromiseIsNot(_ promise: String) throws {
        #expect(try faults(promise, "", users: ("games", nil)) == [])
        #expect(try faults(promise, promise) == [])
    }

    @Test func moreIsLaxerAndLessIsNot() throws {
        for (strict, lax) in [
            ("programs = [\"/bin/true\"]\n", "programs = [\"/bin/true\", \"/bin/sh\"]\n"),
            ("credentials = [\"a\", \"b\"]\n", "credentials = [\"a\"]\n"),
            ("allow = [\"root\"]\n", "allow = [\"root\", \"@games\"]\n"), ("allow = [\"@root\"]\n", "allow = [\"@games\"]\n"),
            ("[confine]\nread_only = true\n", "[confine]\nread_only = true\nwritable = [\"/srv\"]\n"),
        ] {
            let found = try faults(strict, lax)
            #expect(found.contains { $0.hasPrefix("pools.d/one.toml") }, "\(strict) \(lax)")
            let reverse = try faults(lax, strict)
            #expect(
                !reverse.contains { $0.hasPrefix("pools.d/one.toml") } || strict.contains("@root"),
                "\(strict) \(lax) \(reverse)")
        }
    }

    /// Users and groups that every Debian has: who may submit to the other pool is one of those as whom this one runs.
    @Test func aPoolOfSubmittersIsOneOfAllItsUsers() throws {
        let submitters = "user = \"submitter\"\nallow = [\"games\"]\n"
        let files = { (user: String) in
            try ConfigurationFiles([
                "orchd.toml": "", "pools.d/own.toml": submitters,
                "pools.d/p.toml": "user = \"\(user)\"\ncredentials = [\"key\"]\n",
            ])
        }
        #expect(try files("games").load().sharedUserFaults(defaultUser: "nobody", clientGroup: "root", file: "/f").count == 1)
        #expect(try files("news").load().sharedUserFaults(defaultUser: "nobody", clientGroup: "root", file: "/f").isEmpty)
    }
}
