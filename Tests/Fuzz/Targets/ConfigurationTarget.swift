import Agents
import DaemonConfiguration
import FoundationEssentials
import Scheduling
import Settings
import TestSupport

@testable import Engine

/// The three kinds of configuration files; the first byte says which.
enum ConfigurationTarget: FuzzTarget {
    static let name = "configuration"

    private static let files = ["orchd.toml", "pools.d/fuzz.toml", "agents/fuzz.toml"]

    static func check(_ input: [UInt8]) throws {
        guard let first = input.first else { return }
        let directory = try ScratchDirectory()
        let file = files[Int(first) % files.count]
        let text = Array(input.dropFirst())
        for folder in ["pools.d", "agents"] {
            try FileManager.default.createDirectory(atPath: directory.path(folder), withIntermediateDirectories: false)
        }
        try Data().write(to: URL(filePath: directory.path(files[0])))
        try Data(text).write(to: URL(filePath: directory.path(file)))
        do {
            let configuration = try Configuration.load(directory.path(files[0]))
            try hold(configuration == Configuration.load(directory.path(files[0])), "read twice it is another")
            for pool in configuration.pools { try hold((0...10_000).contains(pool.settings.slots), "slots") }
            for agent in configuration.agents.values {
                try hold(agent.faults.isEmpty, "an agent that is not valid")
                let call = agent.invocation(
                    AgentRequest(prompt: "{model}", thinking: "{prompt}", promptFile: "/p", schemaFile: "/dev/fd/4"))
                try hold(call?.arguments.first?.isEmpty == false, "an agent without a program")
                let printed = AgentOutput(stdout: text, stderr: text, file: text)
                _ = agent.report(on: printed, at: ReadingTime(now: 0))
            }
        } catch let error as ConfigurationError {
            let lines = text.count { $0 == 0x0A } + 1
            try hold(!error.faults.isEmpty, "refused without a fault")
            for fault in error.faults {
                try hold(fault.file == directory.path(file), "a fault of another file: \(fault)")
                try hold(!fault.problem.isEmpty, "a fault without a reason")
                if let line = fault.line { try hold((1...lines).contains(line), "line \(line) of \(lines): \(fault)") }
            }
        }
    }
}
