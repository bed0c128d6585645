import OrchProtocol
import Testing

@testable import DaemonConfiguration

/// `[access]`: who may ask for others, and what is granted to whom.
@Suite struct AccessConfigurationTests {
    @Test func bridgesAndGrantsAreRead() throws {
        let files = try ConfigurationFiles([
            "orchd.toml": """
            [access]
            bridges = ["root", "995"]
            [access.grants]
            root = ["task.cancel", "pool.pause"]
            0 = ["task.retry"]
            4711 = []
            """
        ])
        let configuration = try files.load()
        #expect(configuration.bridges == [0, 995])
        #expect(configuration.grants == [0: ["task.cancel", "pool.pause", "task.retry"], 4711: []])
    }

    @Test func usersThatThereAreNotAreNamed() throws {
        let files = try ConfigurationFiles([
            "orchd.toml": """
            [access]
            bridges = ["nobody-of-this-name", "@root"]
            [access.grants]
            somebody = ["task.cancel"]
            root = "task.cancel"
            """
        ])
        #expect(
            files.faults() == [
                "orchd.toml:2: there is no user \"nobody-of-this-name\"",
                "orchd.toml:2: there is no user \"@root\"; a group cannot be named here",
                "orchd.toml:4: there is no user \"somebody\"",
                "orchd.toml:5: root must be a list of strings, not \"task.cancel\"",
            ])
    }

    /// Each method, by what it says of itself.
    @Test(arguments: Methods.all.map(\.name) + ["upgrade", "task.cancle"])
    func onlyWhatIsAboutTasksAndPoolsCanBeGranted(_ method: String) throws {
        let files = try ConfigurationFiles(["orchd.toml": "[access.grants]\nroot = [\"\(method)\"]\n"])
        guard let known = Methods.named(method), known.isGrantable else {
            let fault = try #require(files.faults().first)
            #expect(fault.hasPrefix("orchd.toml:2: ") && fault.contains("\"\(method)\""))
            #expect(fault.contains("task.update, task.cancel, task.retry"))
            return
        }
        #expect(try files.load().grants == [0: [method]])
    }
}
