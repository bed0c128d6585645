import Foundation
import Glibc
import OrchProtocol
import Platform
import Scheduling
import Testing

@testable import Engine

/// The engine's side of the channels to warm workers, with a worker that the test plays.
@Suite struct WorkerChannelTests {
    private final class Line {
        let channels: WorkerChannels
        let inbox: Inbox
        let ours: Int32
        private let theirs: Descriptor

        init(_ channels: WorkerChannels, _ inbox: Inbox) throws {
            self.channels = channels
            self.inbox = inbox
            var pair: [Int32] = [-1, -1]
            #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
            ours = pair[1]
            theirs = try Descriptor(pair[0], "make a pair of sockets")
            channels.adopt(7, theirs)
            channels.listen(to: 7)
        }

        deinit {
            channels.forget(7)
            close(ours)
        }

        func say(_ text: String) { say(Array(text.utf8)[...]) }

        func say(_ text: ArraySlice<UInt8>) {
            let bytes = Array(text)
            #expect(send(ours, bytes, bytes.count, 0) == bytes.count)
        }

        func input() throws -> (news: [WorkerNews], bytes: Int) {
            for _ in 0..<3000 {
                if case .worker(7, let news, let bytes) = inbox.drain().first { return (news, bytes) }
                usleep(10_000)
            }
            throw CancellationError()
        }

        var waiting: Int {
            var count: Int32 = 0
            #expect(ioctl(theirs.number, UInt(FIONREAD), &count) == 0)
            return Int(count)
        }
    }

    private func withLine(_ body: (Line) throws -> Void) throws {
        try withReports { reports in
            let inbox = try Inbox()
            try reports.channels.start(into: inbox, reports)
            defer { reports.channels.stop() }
            try body(Line(reports.channels, inbox))
        }
    }

    @Test func whatIsSaidStaysUntilItIsHeard() throws {
        try withLine { line in
            line.say("{\"type\":\"ready\",\"capabilities\":[\"gpu\"]}\n\n{\"type\":\"acc")
            let first = try line.input()
            #expect(first.news == [.ready(capabilities: ["gpu"], version: nil)] && first.bytes == 41)
            line.say("epted\"}\n")
            #expect(line.waiting == 41 + 20)
            #expect(line.inbox.drain().isEmpty, "nothing more is read before that is committed")
            line.channels.received(first.bytes, of: 7)
            let second = try line.input()
            #expect(second.news == [.accepted] && line.waiting == second.bytes)
            // One that ends now has said this, whoever has heard it.
            #expect(line.channels.lastLines(of: 7)?.map { String(decoding: $0, as: UTF8.self) } == ["{\"type\":\"accepted\"}"])
            line.channels.received(second.bytes, of: 7)
            #expect(line.waiting == 0)
        }
    }

    /// Wherever what a worker says is cut in two, the same is heard of it; and of one that dies there, its whole lines.
    @Test func whatIsSaidMayComeInTwoPieces() throws {
        try withReports { reports in
            let (inbox, channels) = (try Inbox(), reports.channels)
            reports.attempts.insert(7, .init(task: 3, number: 1, pool: "p", submitter: 0, outputLimit: 1, isWarm: true))
            try FileManager.default.createDirectory(atPath: reports.files.root, withIntermediateDirectories: true)
            let lines = [
                #"{"type":"ready","capabilities":["gpu"],"version":"\#u{E4}"}"#, "", #"{"type":"accepted"}"#,
                #"{"type":"result","status":"failure","reason":"\#u{1F642}"}"#,
            ]
            let whole: [WorkerNews] = [
                .ready(capabilities: ["gpu"], version: "\u{E4}"), .accepted, .result(isSuccess: false, reason: "\u{1F642}"),
            ]
            let text = Array((lines.joined(separator: "\n") + "\n").utf8)
            func receive() -> [WorkerNews] {
                var received: [WorkerNews] = []
                while channels.step(waiting: 0, inbox, reports) {
                    for case .worker(7, let news, let bytes) in inbox.drain() {
                        received += news
                        channels.received(bytes, of: 7)
                    }
                }
                return received
            }
            for cut in 0...text.count {
                let line = try Line(channels, inbox)
                line.say(text[..<cut])
                let before = receive()
                // It is gone now, or has more to say.
                #expect(channels.lastLines(of: 7) == [], "cut at \(cut): what was whole has been received")
                line.say(text[cut...])
                #expect(before + receive() == whole, "cut at \(cut)")
                #expect(line.waiting == 0)
            }
        }
    }

    @Test func aMessageIsAsLongAsTheProtocolSays() throws {
        try withLine { line in
            let frame = #"{"type":"ready","version":""}"#
            let longest = String(repeating: "x", count: WorkerProtocol.maximumMessage - frame.count)
            line.say(frame.dropLast(2) + longest + "\"}\n")
            let (news, bytes) = try line.input()
            #expect(news.count == 1 && bytes == WorkerProtocol.maximumMessage + 1)
            line.channels.received(bytes, of: 7)
            line.say(frame.dropLast(2) + longest + "y\"}\n")
            #expect(try line.input().news == [.fault("sent a message longer than 65536 bytes")])
            // Nothing of one that does not keep to the protocol is read any more.
            line.say("{\"type\":\"accepted\"}\n")
            #expect(line.channels.lastLines(of: 7) == [])
        }
    }

    @Test func whatFollowsAFaultIsNotRead() throws {
        try withLine { line in
            line.say("{\"type\":\"accepted\"}\nwhat?\n{\"type\":\"result\",\"status\":\"success\"}\n")
            let news = try line.input().news
            #expect(news == [.accepted, .fault("sent an invalid message: what?")])
        }
    }

    @Test func whatASocketDoesNotTakeAtOnceFollows() throws {
        try withLine { line in
            let text = Array(String(repeating: "0123456789abcdef", count: 1 << 17).utf8)
            line.channels.send(text, to: 7)
            line.channels.send(Array("end\n".utf8), to: 7)
            var got: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 100_000)
            while got.last != UInt8(ascii: "\n") {
                var event = pollfd(fd: line.ours, events: Int16(POLLIN), revents: 0)
                guard poll(&event, 1, 30_000) == 1 else { break }
                got += buffer[..<max(0, recv(line.ours, &buffer, buffer.count, 0))]
            }
            #expect(got == text + Array("end\n".utf8))
        }
    }

    @Test func whoIsGoneIsSentNothing() throws {
        try withLine { line in
            shutdown(line.ours, Int32(SHUT_RDWR))
            line.channels.send(Array("end\n".utf8), to: 7)
            line.channels.send(Array("end\n".utf8), to: 8)
            line.channels.received(4, of: 8)
            #expect(line.channels.lastLines(of: 8) == nil)
        }
    }

    // MARK: The proof in docs/worker-protocol.md

    /// Wherever an engine dies within a message, the one that comes next has it taken exactly once.
    @Test func aMessageThatWasCutOffAnywhereIsTakenOnce() throws {
        var task = TaskItem(
            id: 7, definition: TaskDefinition(work: .prompt("\"{}\"\n{\"type\":\"task\"}"), submitter: 0, submittedAt: 0),
            pool: "p", phase: .active)
        task.timeout = 5000
        let attempt = Attempt(id: 9, task: 7, number: 1, pool: "p", state: .running, dispatchedAt: 0)
        let first = LaunchPlanner.message(task, attempt, input: "in", again: false)
        let second = LaunchPlanner.message(task, attempt, input: "in", again: true)
        #expect(first.last == UInt8(ascii: "\n") && first.count { $0 == UInt8(ascii: "\n") } == 1)
        for cut in 0...first.count {
            let lines = (first[..<cut] + second).split(separator: UInt8(ascii: "\n"))
            let messages = lines.compactMap { try? Wire.decode(WorkerTask.self, from: Data($0)) }
            #expect((1...2).contains(messages.count) && messages[0].id == 7, "cut at \(cut)")
            #expect(messages.count == (cut >= first.count - 1 ? 2 : 1), "cut at \(cut)")
        }
    }

    @Test func aResultIsWrittenOnceAndTheOutputBecomesTheTasks() throws {
        try withReports { reports in
            reports.attempts.insert(
                7, .init(task: 3, number: 2, pool: "p", submitter: 0, outputLimit: 1, isWarm: true))
            let files = reports.files
            try FileManager.default.createDirectory(atPath: files.root, withIntermediateDirectories: true)
            func lines(_ text: String) -> [ArraySlice<UInt8>] { [Array(text.utf8)[...]] }
            let result = lines(#"{"type":"result","status":"success","output":"one"}"#)
            #expect(reports.news(result, of: 7) == [.result(isSuccess: true, reason: nil)])
            let again = lines(#"{"type":"result","status":"failure","output":"two","reason":"no"}"#)
            #expect(reports.news(again, of: 7) == [.result(isSuccess: false, reason: "no")])
            #expect(try files.read(task: 3, attempt: 2, .result, at: 0, count: 9) == Array("one".utf8))

            let (out, err) = try files.create(worker: 7)
            #expect(write(out.number, "before\n", 7) == 7 && write(err.number, "a\n\nb\nc\nd\n", 9) == 9)
            #expect(files.stderrTail(ofWorker: 7) == "b / c / d")
            for _ in 0..<2 { files.adopt(worker: 7, task: 3, attempt: 2) }
            #expect(write(out.number, "after\n", 6) == 6)
            #expect(try files.read(task: 3, attempt: 2, .out, at: 0, count: 99) == Array("before\nafter\n".utf8))
            _ = try files.create(worker: 8)
            _ = try files.create(worker: 9)
            files.removeWorkers(except: [9])
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: files.root + "/workers").sorted() == ["w9.err", "w9.out"])
        }
    }

    /// The worker reads nothing until everything has been said to it.
    @Test func whatAFullChannelHasNotTakenComesLaterAndInOrder() throws {
        try withLine { line in
            var said: [UInt8] = []
            for number in 0..<600 {
                let message = Array("\(number) \(String(repeating: "x", count: number * 7))\n".utf8)
                said += message
                line.channels.send(message, to: 7)
            }
            var patience = timeval(tv_sec: 60, tv_usec: 0)
            setsockopt(line.ours, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            var received: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while received.count < said.count {
                let count = recv(line.ours, &chunk, chunk.count, 0)
                guard count > 0 else { break }
                received += chunk[..<count]
            }
            #expect(received == said, "\(received.count) of \(said.count) bytes")
        }
    }
}
