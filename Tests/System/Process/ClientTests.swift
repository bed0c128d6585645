import CLinux
import Foundation
import Glibc
import OrchClient
import OrchProtocol
import Testing

/// Clients that break off, never read, never end, or are too many: they harm nobody but themselves.
@Suite(.onThreads) struct ClientTests {
    static let version = #"{"jsonrpc":"2.0","id":1,"method":"daemon.version"}"#

    @Test func aLineOfFiveMebibytesIsRefusedAndOthersAreServed() throws {
        let daemon = try Daemon()
        let client = try RawClient(daemon)
        let line = #"{"jsonrpc":"2.0","id":1,"method":"task.get","params":{"x":""#
        client.send(Array(line.utf8) + [UInt8](repeating: 0x61, count: 5 << 20) + Array("\"}}\n".utf8))
        let answer = try client.answer()
        #expect(answer?.error?.kind == .lineTooLong)
        #expect(try client.line() == nil)
        #expect(try daemon.status().state == .running)
        // A large submission is something else.
        let text = String(repeating: "x", count: 3 << 20)
        let specs = (0..<2).map { _ in
            var spec = TaskSpec(command: ["wc", "-c"])
            spec.stdin = text
            return spec
        }
        let ids = try daemon.submit(specs)
        #expect(try daemon.wait(ids).allSatisfy { $0.state == .succeeded })
        #expect(try daemon.orchctl("logs", String(ids[1])).output == "\(3 << 20)\n")
        try daemon.finish()
    }

    @Test func aLineWithoutAnEndIsRefused() throws {
        let daemon = try Daemon()
        let client = try RawClient(daemon)
        let piece = [UInt8](repeating: 0x20, count: 1 << 16)
        var pieces = 0
        while client.send(piece) {
            pieces += 1
            try #require(pieces < 256, "16 MiB were taken")
        }
        #expect(try client.answer()?.error?.kind == .lineTooLong)
        #expect(try client.line() == nil)
        try daemon.finish()
    }

    @Test func twoThousandConnectionsAtOnce() throws {
        let daemon = try Daemon(pool: "slots = 1", configuration: "[limits]\nconnections = 300\n")
        let before = try daemon.status().pid
        let clients = try (0..<2000).map { _ in try RawClient(daemon) }
        for client in clients { client.send(Self.version) }
        var served = 0
        var refused = 0
        for client in clients {
            let answer = try client.answer()
            if answer?.error == nil, answer?.id == .number(1) { served += 1 }
            if answer?.error?.kind == .tooManyConnections { refused += 1 }
        }
        #expect(served == 300 && refused == 1700, "\(served) were served, \(refused) refused")
        withExtendedLifetime(clients) {}
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon.engine)/fd").count
        #expect(descriptors < 450)
        #expect(try clients[0].ask(Self.version).error == nil)
        // Once they are gone there is room again.
        for client in clients { shutdown(client.socket, Int32(SHUT_RDWR)) }
        try eventually("room for a connection") { try RawClient(daemon).ask(Self.version).error == nil }
        #expect(try daemon.status().pid == before)
        try daemon.finish()
    }

    @Test func aClientThatNeverReadsCostsLittleMemory() throws {
        let daemon = try Daemon(workers: 0)
        let text = String(repeating: "x", count: 100_000)
        _ = try daemon.submit((0..<400).map { _ in TaskSpec(command: ["true", text]) })
        let before = try memory(of: daemon.engine)
        let clients = try (0..<4).map { _ in try RawClient(daemon) }
        let list = Array((#"{"jsonrpc":"2.0","id":1,"method":"task.list","params":{"limit":1000}}"# + "\n").utf8)
        // As many requests as it takes: 40 MB each, if nothing stopped it.
        for client in clients { _ = client.sendWithoutWaiting(Array(repeatElement(list, count: 1000).joined())) }
        var worst = 0
        for _ in 0..<40 {
            let start = milliseconds()
            #expect(try daemon.status().state == .running)
            worst = max(worst, Int(milliseconds() - start))
            usleep(50_000)
        }
        let grown = (try memory(of: daemon.engine, "VmHWM") - before) >> 20
        print("never reading: the engine grew by \(grown) MiB at the most; status took up to \(worst) ms")
        #expect(grown < 400)
        // They get what they asked for when they read after all.
        for client in clients {
            let answer = try client.answer()
            #expect(answer?.error == nil && answer?.id == .number(1))
        }
        try daemon.finish()
    }

    /// Far more than a socket holds: an output while it is written, and the events meanwhile.
    @Test func whoReadsLateMissesNothingAndKeepsNobodyWaiting() throws {
        let daemon = try Daemon()
        let id = try daemon.shell("while [ ! -e gate ]; do sleep 0.02; done; seq 1 300000")
        let (follower, subscriber) = (try daemon.connect(), try daemon.connect())
        var parameters = LogsParameters(id: id)
        parameters.follow = true
        let logs = try follower.send(Call(.logs, parameters))
        let events = try subscriber.send(Call(.subscribe, SubscribeParameters(after: 0, follow: true)))
        try daemon.directory.write("", to: "gate")
        // Neither of the two has read anything when these are answered.
        var spec = TaskSpec(command: ["true"])
        spec.hold = true
        let held = try daemon.submit([TaskSpec](repeating: spec, count: 3_000))
        _ = try daemon.call(.cancel, CancelParameters(ids: held))
        try daemon.wait([id])
        var output = ""
        _ = try follower.answer(to: logs, deadline: .now + .seconds(patience)) { notification in
            guard case .output(_, let chunk) = notification else { return }
            #expect(chunk.offset == Int64(output.utf8.count))
            output += chunk.text ?? ""
        }
        #expect(output == (1...300_000).map { "\($0)\n" }.joined())
        struct Enough: Error {}
        var numbers: [Int64] = []
        var ends = 0
        #expect(throws: Enough.self) {
            _ = try subscriber.answer(to: events, deadline: .now + .seconds(patience)) { notification in
                guard case .event(_, let event) = notification else { return }
                numbers.append(event.seq)
                if event.kind == .taskFinished { ends += 1 }
                if ends == held.count + 1 { throw Enough() }
            }
        }
        #expect(numbers == Array(1...Int64(numbers.count)) && numbers.count > 6_000)
        try daemon.finish()
    }

    @Test func streamsDoNotKeepOtherRequestsWaiting() throws {
        let daemon = try Daemon()
        let held = try daemon.submit("true") { $0.hold = true }
        let client = try RawClient(daemon)
        for id in 0..<256 { client.send(#"{"jsonrpc":"2.0","id":\#(id),"method":"task.wait","params":{"ids":[\#(held)]}}"#) }
        #expect(try client.ask(#"{"jsonrpc":"2.0","id":"status","method":"daemon.status"}"#).id == .string("status"))
        let more = try client.ask(#"{"jsonrpc":"2.0","id":"more","method":"events.subscribe"}"#)
        #expect(more.id == .string("more") && more.error?.kind == .tooBusy)
        // Each of them is told all the same.
        client.send(#"{"jsonrpc":"2.0","id":"release","method":"task.release","params":{"ids":[\#(held)]}}"#)
        var answered: Set<RequestID> = []
        while answered.count < 257, let line = try client.answer() {
            if line.method == nil, let id = line.id { answered.insert(id) }
        }
        #expect(answered.count == 257)
        try daemon.finish()
    }

    /// Bytes of resident memory.
    private func memory(of pid: pid_t, _ name: String = "VmRSS") throws -> Int {
        let line = contents("/proc/\(pid)/status")?.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        guard let number = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) }) else {
            throw Failure("no \(name) of \(pid)")
        }
        return number << 10
    }

    @Test func aClientThatDiesMidRequestIsForgotten() throws {
        let daemon = try Daemon()
        let held = try daemon.submit("sleep", "1000")
        let engine = try daemon.engine
        let count = { links(of: engine).count { $0.hasPrefix("socket:") } }
        _ = try daemon.status()
        let before = count()
        for _ in 0..<100 {
            let client = try RawClient(daemon)
            client.send(#"{"jsonrpc":"2.0","id":1,"method":"task.wait","params":{"ids":[\#(held)]}}"#)
            client.send(#"{"jsonrpc":"2.0","id":2,"method":"task.logs","params":{"follow":true,"id":\#(held)}}"#)
            client.send(#"{"jsonrpc":"2.0","id":3,"method":"events.subscribe","params":{"after":0}}"#)
            client.send(Array(#"{"jsonrpc":"2.0","id":4,"meth"#.utf8))
        }
        try eventually("the connections of the dead clients to be closed") { count() <= before }
        #expect(try daemon.status().counts.running == 1)
        try daemon.finish()
    }

    @Test func aClientThatHasClosedItsSideStillGetsItsAnswers() throws {
        let daemon = try Daemon()
        let client = try RawClient(daemon)
        client.send(#"{"jsonrpc":"2.0","id":"a","method":"task.submit","params":{"command":["sleep","0.3"]}}"#)
        client.finishSending()
        #expect(try client.answer()?.id == .string("a"))
        #expect(try client.line() == nil)
        let waiter = try RawClient(daemon)
        waiter.send(#"{"jsonrpc":"2.0","id":"b","method":"task.wait","params":{"ids":[1]}}"#)
        waiter.finishSending()
        #expect(try waiter.answer()?.method == "task.wait")
        #expect(try waiter.answer()?.id == .string("b"))
        #expect(try waiter.line() == nil)
        // Without a line feed at its end, a line is none.
        let broken = try RawClient(daemon)
        broken.send(Array(Self.version.utf8))
        broken.finishSending()
        #expect(try broken.line() == nil)
        try daemon.finish()
    }

    @Test func pipelinedRequestsAreAllAnswered() throws {
        let daemon = try Daemon()
        let client = try RawClient(daemon)
        let methods = ["daemon.version", "daemon.status", "pool.list", "worker.list", "task.list", "nosuch"]
        let lines = (0..<2000).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"\#(methods[$0 % methods.count])"}"# }
        let text = lines.joined(separator: "\n") + "\n"
        let socket = client.socket
        Thread.detachNewThread { RawClient.send(Array(text.utf8), to: socket) }
        var ids: Set<RequestID> = []
        for _ in lines {
            guard let answer = try client.answer(), let id = answer.id else { throw Failure("no answer after \(ids.count)") }
            ids.insert(id)
            if case .number(let number) = id { #expect((answer.error != nil) == (number % 6 == 5)) }
        }
        #expect(ids.count == lines.count)
        try daemon.finish()
    }
}
