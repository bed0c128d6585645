import FoundationEssentials
import TestSupport
import Testing

@testable import DiscordAPI

/// Payloads as the gateway sends them, broken in many ways. Whatever comes, it is read or refused: no trap, and nothing that grows.
@Suite struct PayloadFuzzTests {
    private static let message = """
        {"id":"10","channel_id":"2","guild_id":"9","author":{"id":"3","username":"alice","bot":false},"member":{"roles":["5"],"permissions":"8"},\
        "type":0,"content":"hi \\ud83d\\udc19","mentions":[{"id":"4","username":"bob"}],"mention_roles":["5"],"attachments":[{"id":"6","filename":"a",\
        "size":3,"url":"https://cdn.discordapp.com/a"}],"embeds":[{"title":"t","color":255,"fields":[{"name":"n","value":"v","inline":true}]}],\
        "components":[{"type":1,"components":[{"type":2,"style":1,"label":"l","custom_id":"c"},{"type":3,"custom_id":"s","options":[]}]}],\
        "message_reference":{"message_id":"8"},"nonce":"n","pinned":false,"edited_timestamp":null}
        """
    private static let channel = """
        {"id":"2","type":0,"guild_id":"9","name":"c","parent_id":null,"permission_overwrites":[{"id":"5","type":0,"allow":"1","deny":"0"}],\
        "thread_metadata":{"archived":false,"locked":true}}
        """

    private static let payloads: [String] =
        [
            #"{"op":10,"d":{"heartbeat_interval":41250},"s":null,"t":null}"#, #"{"op":11}"#, #"{"op":9,"d":true}"#,
            #"{"op":7,"d":null}"#,
            #"{"op":0,"s":1,"t":"READY","d":{"v":10,"session_id":"s","resume_gateway_url":"wss://x","user":{"id":"1","username":"b"},"application":{"id":"1"},"guilds":[{"id":"9","unavailable":true}]}}"#,
            #"{"op":0,"s":2,"t":"GUILD_CREATE","d":{"id":"9","name":"g","owner_id":"3","roles":[{"id":"5","name":"r","permissions":"8"}],"channels":[\#(channel)],"threads":[\#(channel)],"members":[]}}"#,
            #"{"op":0,"s":3,"t":"MESSAGE_CREATE","d":\#(message)}"#, #"{"op":0,"s":4,"t":"MESSAGE_UPDATE","d":\#(message)}"#,
            #"{"op":0,"s":5,"t":"MESSAGE_DELETE_BULK","d":{"ids":["1","2"],"channel_id":"2","guild_id":"9"}}"#,
            #"{"op":0,"s":6,"t":"GUILD_ROLE_UPDATE","d":{"guild_id":"9","role":{"id":"5","name":"r","permissions":"8"}}}"#,
            #"{"op":0,"s":7,"t":"INTERACTION_CREATE","d":{"id":"1","application_id":"2","type":5,"token":"t","guild_id":"9","channel_id":"2","member":{"user":{"id":"3","username":"a"},"roles":[]},"message":\#(message),"data":{"custom_id":"c","values":["v"],"options":[{"name":"o","value":1,"options":[{"name":"p","value":"x"}]}],"resolved":{"attachments":{"6":{"id":"6","filename":"f","size":1,"url":"u"}}},"components":[{"type":18,"component":{"type":4,"custom_id":"i","value":"w"}}]}}}"#,
        ]
        + [
            "CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE", "THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE",
            "GUILD_DELETE",
        ].map {
            #"{"op":0,"s":8,"t":"\#($0)","d":\#(channel)}"#
        }

    @Test func `each of them is read as what it is`() throws {
        for payload in Self.payloads {
            let incoming = try JSONDecoder().decode(Incoming.self, from: Data(payload.utf8))
            if case .event(.other(let name), _) = incoming { Issue.record("\(name) was not read") }
            if case .unknown(let op) = incoming { Issue.record("\(op) was not read") }
        }
    }

    /// What is put in place of a value, or of some bytes.
    private static let odd = [
        "null", "[]", "{}", "-1", "1e999", "1e308", "18446744073709551616", "\"\"", "\"\\u0000\"", "true", "[[[[[[[[]]]]]]]]",
        "\"x\":1,",
        "\u{FEFF}", "\"\\ud800\"", "0.5", "[null,null]",
    ]

    @Test(arguments: 1...20) func `whatever comes is read or refused`(seed: UInt64) {
        var random = SeededGenerator(seed)
        var read = 0
        for _ in 0..<150 {
            var bytes = Array(Self.payloads[Int.random(in: 0..<Self.payloads.count, using: &random)].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[place] = random.byte()
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...20, using: &random)))
                case 2: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 200)], at: place)
                default:
                    // A whole value becomes another one.
                    guard let colon = bytes[place...].firstIndex(of: UInt8(ascii: ":")) else { continue }
                    let end =
                        bytes[(colon + 1)...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") }
                        ?? bytes.endIndex
                    let value = Self.odd[Int.random(in: 0..<Self.odd.count, using: &random)]
                    bytes.replaceSubrange((colon + 1)..<end, with: Array(value.utf8))
                }
                if bytes.isEmpty { bytes = [0x7B] }
            }
            guard let incoming = try? JSONDecoder().decode(Incoming.self, from: Data(bytes)) else { continue }
            read += 1
            var machine = GatewayMachine(starts: []) { 0.5 }
            _ = machine.handle(.start, at: Moment(milliseconds: 0), wall: 0)
            _ = machine.handle(
                .address(GatewayAddress(url: "wss://x", remaining: 1, resetAfter: 0)), at: Moment(milliseconds: 1), wall: 1)
            _ = machine.handle(.opened, at: Moment(milliseconds: 2), wall: 2)
            let actions = machine.handle(.received(incoming), at: Moment(milliseconds: 3), wall: 3)
            #expect(actions.count <= 1)
        }
        #expect(read > 0)
    }

    @Test func `nesting as deep as it likes costs nothing`() {
        let rows = String(repeating: #"{"type":1,"components":["#, count: 2000) + String(repeating: "]}", count: 2000)
        let labels = String(repeating: #"{"type":18,"component":"#, count: 400) + "{}" + String(repeating: "}", count: 400)
        let options = String(repeating: #"{"name":"o","options":["#, count: 400) + String(repeating: "]}", count: 400)
        for (place, deep) in [("components", rows), ("components", labels), ("options", options)] {
            let payload =
                #"{"op":0,"s":1,"t":"INTERACTION_CREATE","d":{"id":"1","application_id":"2","type":2,"token":"t","user":{"id":"3"},"data":{"\#(place)":[\#(deep)]}}}"#
            _ = try? JSONDecoder().decode(Incoming.self, from: Data(payload.utf8))
        }
    }
}
