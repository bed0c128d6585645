import DiscordAPI
import FoundationEssentials
import OrchClient
import OrchProtocol
import TestSupport
import Testing

@testable import DiscordBridge

/// Interactions as the gateway brings them, broken in many ways: whatever comes is refused or answered, nothing traps, and who may nothing gets nothing.
@Suite struct InvocationFuzzTests {
    private static let payloads = [
        #"{"type":2,"data":{"name":"task","options":[{"name":"prompt","type":3,"value":"x"},{"name":"priority","type":4,"value":3}]}}"#,
        #"{"type":2,"data":{"name":"task"}}"#,
        #"{"type":2,"data":{"name":"stop","options":[{"name":"task","type":1,"options":[{"name":"tasks","type":3,"value":"41 42"}]}]}}"#,
        #"{"type":2,"data":{"name":"pause","options":[{"name":"pool","type":1,"options":[{"name":"pool","type":3,"value":"default"}]}]}}"#,
        #"{"type":2,"data":{"name":"pool","options":[{"name":"resize","type":1,"options":[{"name":"pool","value":"default"},{"name":"slots","value":1}]}]}}"#,
        #"{"type":2,"data":{"name":"priority","options":[{"name":"task","value":"41"},{"name":"priority","value":2}]}}"#,
        #"{"type":2,"data":{"name":"usage","options":[{"name":"days","value":9}]}}"#,
        #"{"type":4,"data":{"name":"show","options":[{"name":"task","value":"4","focused":true}]}}"#,
        #"{"type":4,"data":{"name":"stop","options":[{"name":"task","type":1,"options":[{"name":"tasks","value":"41 ","focused":true}]}]}}"#,
        #"{"type":3,"data":{"custom_id":"stop:41","component_type":2}}"#, #"{"type":3,"data":{"custom_id":"confirm:600"}}"#,
        #"{"type":3,"data":{"custom_id":"answer:41:1:0"}}"#, #"{"type":3,"data":{"custom_id":"answer:41:1"}}"#,
        #"{"type":2,"data":{"name":"answer","options":[{"name":"task","value":"41.q1"},{"name":"answer","value":"yes"}]}}"#,
        #"{"type":2,"data":{"name":"task","options":[{"name":"prompt","value":"x"},{"name":"file","value":"6"}],"resolved":{"attachments":{"6":{"id":"6","filename":"f","size":1,"url":"u"}}}}}"#,
        #"{"type":3,"data":{"custom_id":"run:10"}}"#, #"{"type":3,"data":{"custom_id":"raise:41"}}"#,
        #"{"type":5,"data":{"custom_id":"form:601","components":[{"type":1,"components":[{"type":4,"custom_id":"text","value":"w"}]}]}}"#,
    ]
    private static let odd = [
        "null", "[]", "{}", "-1", "1e999", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "\"\"",
        "\"\\u0000\"", "true", "0.5", "\"9223372036854775807\"", "\"confirm:18446744073709551615\"", "\"@everyone\"",
    ]
    private static let role = Snowflake(987_654_321_012_345_678)

    @Test(arguments: 1...12 as ClosedRange<UInt64>, [true, false]) func whateverComesIsAnsweredOrRefused(
        _ seed: UInt64, _ isAllowed: Bool
    ) throws {
        var random = SeededGenerator(seed)
        var configuration = BridgeConfiguration()
        configuration.guild = Snowflake(9)
        configuration.channels = [.init(id: Snowflake(10))]
        var rule = Authorizer.Rule()
        rule.roles = [Self.role]
        rule.verbs = Set(Verb.allCases)
        rule.pools = ["default"]
        rule.priorities = 0...9
        configuration.authorizer = Authorizer(rules: [rule])
        let store = try BridgeStore()
        var bridge = Bridge(configuration, bot: Snowflake(99))
        func turn(_ inputs: Input...) throws -> [Effect] {
            try store.transaction { try bridge.turn(inputs, now: 1_700_000_000_000, in: $0) }
        }
        _ = try turn(.daemon([.connected(last: 0)]), .session(isNew: true))
        var answered = 0
        for number in 0..<150 {
            let text = Self.broken(try #require(Self.payloads.randomElement(using: &random)), &random)
            let roles = isAllowed ? "\"\(Self.role)\"" : "\"5\""
            let head =
                #"{"id":"\#(number + 600)","application_id":"2","token":"t","guild_id":"9","channel_id":"10","member":{"user":{"id":"3","username":"a"},"roles":[\#(roles)]},"#
            guard let interaction = try? JSONDecoder().decode(Interaction.self, from: Data((head + text.dropFirst()).utf8)),
                let invocation = Invocation(interaction, guild: Snowflake(9), bot: Snowflake(99))
            else { continue }
            answered += 1
            let effects = try turn(.invoked(invocation))
            #expect(effects.count <= 3)
            let own = effects.filter {
                switch $0 {
                case .acknowledge(let ticket, _), .respond(let ticket, _): ticket == invocation.ticket
                default: false
                }
            }
            #expect(own.count == 1, "\(text) \(effects)")
            guard !isAllowed else {
                _ = try turn(.answered(.acknowledge(interaction.id), .done))
                _ = try turn(.answered(.carryOut(interaction.id), .told(Content(text: "x"))))
                _ = try turn(.answered(.tell(interaction.id), .made(Snowflake(UInt64(number + 5000)))))
                continue
            }
            for effect in own {
                guard case .respond(_, let reply) = effect else { Issue.record("\(text): \(effect)"); continue }
                switch reply {
                case .say(let content): #expect(content.buttons.isEmpty, "\(content)")
                case .choices(let choices): #expect(choices.isEmpty)
                case .become: break
                case .form: Issue.record("a form for nobody: \(text)")
                }
            }
        }
        #expect(answered > 20)
    }

    private static func broken(_ text: String, _ random: inout SeededGenerator) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let place = Int.random(in: 1..<bytes.count, using: &random)
            if random.chance(20) {
                bytes[place] = UInt8.random(in: 0x20...0x7E, using: &random)
            } else if let colon = bytes[place...].firstIndex(of: UInt8(ascii: ":")) {
                let end = bytes[(colon + 1)...].firstIndex { ",}]".utf8.contains($0) } ?? bytes.endIndex
                let value = odd[Int.random(in: 0..<odd.count, using: &random)]
                bytes.replaceSubrange((colon + 1)..<end, with: Array(value.utf8))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
