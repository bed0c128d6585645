import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// Other work for a queued task.
@Suite struct ChangingWorkTests {
    private static func rig() throws -> Rig {
        var plain = PoolSettings(name: "plain", slots: 0, agent: "llm")
        plain.inlineTags = false
        let rules = Rules(
            agents: ["llm": AgentSettings(thinking: [.low, .high], longestPrompt: 1_000)], aliases: ["cheap": "openrouter/tiny"]
        )
        return try Rig(
            pools: [PoolSettings(name: "default", slots: 0), PoolSettings(name: "agents", slots: 0, agent: "llm"), plain],
            rules: rules)
    }

    private static func change(_ id: Int64, _ fill: (inout UpdateParameters) -> Void) -> Command {
        var change = UpdateParameters(id: id)
        fill(&change)
        return .update(change)
    }

    @Test func aQueuedTaskDoesTheOtherWork() throws {
        let rig = try Self.rig()
        let command = try rig.submit(.command("make"))
        let prompt = try rig.submit(.prompt("write") { $0.pool = "agents" })
        for state in ["queued", "held", "delayed"] {
            if state == "held" { try rig.ask(.hold([command, prompt]), by: Rig.alice) }
            if state == "delayed" {
                try rig.ask(.release([command, prompt]), by: Rig.alice)
                for id in [command, prompt] {
                    let later = Timestamp(milliseconds: rig.now.wall + 60_000)
                    try rig.ask(Self.change(id) { $0.notBefore = later }, by: Rig.alice)
                }
            }
            try rig.ask(Self.change(command) { $0.arguments = ["make", ByteString([0xFF]), ByteString(state)] }, by: Rig.alice)
            try rig.ask(Self.change(prompt) { $0.prompt = "write " + state }, by: Rig.alice)
            #expect(try rig.task(command).definition.work == .command(["make", ByteString([0xFF]), ByteString(state)]))
            #expect(try rig.task(prompt).definition.work == .prompt("write " + state))
        }
        #expect(try rig.task(prompt).pool == "agents")
    }

    @Test func tagsCountAsAtSubmit() throws {
        let rig = try Self.rig()
        let id = try rig.submit(.prompt("[model:big] write") { $0.pool = "agents" })
        try rig.ask(Self.change(id) { $0.prompt = "[model:cheap] [thinking:high] [needs:net] read" })
        var task = try rig.task(id)
        #expect(task.definition.work == .prompt("read"))
        #expect((task.definition.model, task.definition.thinking) == ("openrouter/tiny", .high))
        #expect(task.definition.needs == ["net"])
        // What is not named stays.
        try rig.ask(Self.change(id) { $0.prompt = "[pool:plain] [thinking:low] count" })
        task = try rig.task(id)
        #expect((task.pool, task.definition.model, task.definition.thinking) == ("plain", "openrouter/tiny", .low))
        // A pool that takes no tags takes them for text.
        try rig.ask(Self.change(id) { $0.prompt = "[model:big] x" })
        task = try rig.task(id)
        #expect(task.definition.work == .prompt("[model:big] x"))
        #expect(task.definition.model == "openrouter/tiny")
    }

    /// Whatever submit refuses is refused in the same words.
    @Test func onlyWhatCouldBeSubmittedIsTaken() throws {
        let rig = try Self.rig()
        let command = try rig.submit(.command("make"))
        let prompt = try rig.submit(.prompt("write") { $0.pool = "agents" })
        for text in [
            "", " \n", "a\0", "[thinking:loud] x", "[thinking:off] x", "[model:x]", "[pool:nowhere] x", "[pool:default] x",
            String(repeating: "x", count: 1_001),
        ] {
            let submitted = try rig.refusal(.submit(.one(.prompt(text) { $0.pool = text.hasPrefix("[pool") ? nil : "agents" })))
            let changed = try rig.refusal(Self.change(prompt) { $0.prompt = text })
            #expect(submitted.message.hasPrefix(changed.message), "\(text): \(changed.message)")
        }
        for words in [[], [""], ["a\0"], ["a", ByteString(String(repeating: "x", count: 200_000))]] as [[ByteString]] {
            var spec = TaskSpec()
            spec.arguments = words
            let submitted = try rig.refusal(.submit(.one(spec)))
            let changed = try rig.refusal(Self.change(command) { $0.arguments = words })
            #expect(submitted == changed)
        }
        #expect(try rig.task(command).definition.work == .command(["make"]))
        #expect(try rig.task(prompt).definition.work == .prompt("write"))
        #expect(try rig.refusal(Self.change(command) { $0.prompt = "x" }).data?.field == "prompt")
        #expect(try rig.refusal(Self.change(prompt) { $0.arguments = ["x"] }).data?.field == "command")
        let both = Self.change(prompt) {
            $0.prompt = "x"
            $0.arguments = ["x"]
        }
        #expect(try rig.refusal(both).data?.field == "prompt")
        #expect(try rig.refusal(Self.change(prompt) { $0.prompt = "x" }, by: Rig.bob).kind == .forbidden)
    }

    @Test func whatWasTriedKeepsItsWork() throws {
        let rig = try Rig(slots: 1)
        let id = try rig.submit(.command("make") { $0.retries = 1 })
        let ordered = rig.request(Self.change(id) { $0.arguments = ["make", "check"] }, by: Rig.alice)
        #expect(try rig.turn(ordered).revoked == [1])
        // Taken back, it has not been tried.
        #expect(try rig.turn(.revoked(attempt: 1, accepted: true)).launchedAttempts == [2])
        #expect(try rig.task(id).definition.work == .command(["make", "check"]))
        try rig.start(2)
        #expect(try rig.refusal(Self.change(id) { $0.arguments = ["other"] }).kind == .invalidState)
        try rig.end(2, .exited(1))
        #expect(try rig.task(id).phase == .delayed)
        let refusal = try rig.refusal(Self.change(id) { $0.arguments = ["other"] })
        #expect(refusal.kind == .invalidState && refusal.message.contains("has been tried"))
        #expect(try rig.task(id).definition.work == .command(["make", "check"]))
    }
}
