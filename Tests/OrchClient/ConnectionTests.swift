import FoundationEssentials
import Glibc
import OrchClient
import OrchProtocol
import Testing

@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    private let version = VersionInfo(version: "9", protocol: 1)

    private func error(_ body: () throws -> Void) -> ClientError? {
        do {
            try body()
            return nil
        } catch {
            return error as? ClientError
        }
    }

    @Test func aCallIsAnswered() throws {
        let daemon = try FakeDaemon { [version] peer in peer.answer(peer.request(), version) }
        let connection = try Connection(path: daemon.path)
        #expect(try connection.call(.version) == version)
        #expect(connection.peer?.user == getuid())
    }

    @Test func anAnswerMayComeInPieces() throws {
        let daemon = try FakeDaemon { [version] peer in
            guard let id = peer.request()?.id, let line = try? Wire.line(Response(id: id, result: version)) else { return }
            for byte in [UInt8](line) + [0x0A] { peer.send([byte]) }
        }
        #expect(try Connection(path: daemon.path).call(.version) == version)
    }

    @Test func twoLinesMayComeAtOnce() throws {
        let daemon = try FakeDaemon { peer in
            guard let first = peer.request(), let second = peer.request() else { return }
            let lines = [(second.id, "second"), (first.id, "first")].compactMap {
                try? Wire.line(Response(id: $0.0, result: Acknowledged($0.1)))
            }
            peer.send(Array(lines.map { [UInt8]($0) + [0x0A] }.joined()))
        }
        let connection = try Connection(path: daemon.path)
        // An answer that nobody waits for is dropped, and does not disturb the other.
        try connection.send(Call(.drain))
        #expect(try connection.call(.drain).message == "second")
    }

    @Test func manyCallsAreAnsweredInAnyOrder() throws {
        let refusal = WireError(.notFound, "there is no task 2")
        let daemon = try FakeDaemon { peer in
            // Nothing is answered before all are there.
            let requests = (0..<4).compactMap { _ in peer.request() }
            for (number, request) in requests.enumerated().reversed() {
                if number == 2 {
                    let line = (try? Wire.line(Response<Acknowledged>(id: request.id, error: refusal))) ?? Data()
                    peer.send([UInt8](line) + [0x0A])
                } else {
                    peer.answer(request, Acknowledged("\(number)"))
                }
            }
        }
        let connection = try Connection(path: daemon.path)
        let answers = try connection.answers(to: (0..<4).map { Call(.get, GetParameters(id: $0)) })
        let texts = try answers.map { answer -> String in
            switch answer {
            case .success(let bytes): try Wire.decode(Acknowledged.self, from: Data(bytes)).message
            case .failure(let error): error.message
            }
        }
        #expect(texts == ["0", "1", refusal.message, "3"])
    }

    @Test func anEndBeforeAllAnswersIsALoss() throws {
        let daemon = try FakeDaemon { peer in
            let first = peer.request()
            _ = peer.request()
            peer.answer(first, Acknowledged("first"))
        }
        let connection = try Connection(path: daemon.path)
        #expect(error { _ = try connection.answers(to: [Call(.drain), Call(.drain)]) } == .lost)
    }

    @Test func aHugeAnswerIsRead() throws {
        let text = String(repeating: "ü\n", count: 3 << 20)
        let daemon = try FakeDaemon { peer in peer.answer(peer.request(), Acknowledged(text)) }
        #expect(try Connection(path: daemon.path).call(.drain).message == text)
    }

    @Test func anEndlessLineIsRefused() throws {
        let daemon = try FakeDaemon { peer in
            _ = peer.request()
            let piece = [UInt8](repeating: 0x20, count: 1 << 20)
            for _ in 0...(Wire.maximumSubmissionLength >> 20) { peer.send(piece) }
        }
        let connection = try Connection(path: daemon.path)
        guard case .malformed = error({ _ = try connection.call(.version) }) else {
            Issue.record("not refused")
            return
        }
    }

    @Test func notificationsComeInOrderAndOnlyOurs() throws {
        let daemon = try FakeDaemon { peer in
            let request = peer.request()
            guard let id = request?.id else { return }
            for offset in 0..<100 {
                peer.notify(.output(request: .string("other"), OutputChunk(stream: .stdout, offset: -1)))
                peer.notify(.output(request: id, OutputChunk(stream: .stdout, offset: Int64(offset))))
            }
            peer.send(#"{"jsonrpc":"2.0","method":"task.dance","params":{}}"# + "\n")
            peer.answer(request, LogsEnd(stdout: 1, stderr: 0, attempt: 1, state: .running))
        }
        var offsets: [Int64] = []
        let connection = try Connection(path: daemon.path)
        _ = try connection.call(.logs, LogsParameters(id: 1)) {
            if case .output(_, let chunk) = $0 { offsets.append(chunk.offset) }
        }
        #expect(offsets == Array(0..<100))
    }

    @Test func aRefusalIsTheDaemonsError() throws {
        let refusal = WireError(.notFound, "there is no task 9")
        let daemon = try FakeDaemon { peer in
            guard let id = peer.request()?.id else { return }
            let line = (try? Wire.line(Response<Acknowledged>(id: id, error: refusal))) ?? Data()
            peer.send([UInt8](line) + [0x0A])
        }
        let connection = try Connection(path: daemon.path)
        #expect(throws: refusal) { try connection.call(.get, GetParameters(id: 9)) }
    }

    @Test(arguments: ["", #"{"jsonrpc":"2.0","#, #"{"jsonrpc":"2.0","id":1,"result":{"version":"1","protocol":1}}"#])
    func anEndBeforeTheLineIsALoss(_ beginning: String) throws {
        let daemon = try FakeDaemon { peer in
            _ = peer.request()
            peer.send(beginning)
        }
        let connection = try Connection(path: daemon.path)
        #expect(error { _ = try connection.call(.version) } == .lost)
    }

    @Test(arguments: ["x", "{}", #"{"id":1}"#, #"{"id":1,"result":{}}"#, #"{"id":1,"error":7}"#, "[]", ""])
    func whatIsNoAnswerIsMalformed(_ line: String) throws {
        let daemon = try FakeDaemon { peer in
            _ = peer.request()
            peer.send(line + "\n")
            _ = peer.line()
        }
        let connection = try Connection(path: daemon.path)
        // What has no id belongs to nobody; only a result that cannot be understood is awaited with a deadline here.
        guard case .malformed = error({ _ = try connection.call(.version) }) else {
            Issue.record("not refused")
            return
        }
    }

    @Test func aDeadlineEndsTheWait() throws {
        let daemon = try FakeDaemon { peer in
            _ = peer.request()
            _ = peer.line()
        }
        let connection = try Connection(path: daemon.path)
        let began = ContinuousClock.now
        let result = error {
            _ = try connection.call(.version, deadline: .now + .milliseconds(50))
        }
        #expect(result == .timedOut)
        #expect(ContinuousClock.now - began >= .milliseconds(50))
    }

    @Test func anAnswerToALineThatIsNotReadIsFound() throws {
        let refusal = WireError(.lineTooLong, "the line is too long")
        let daemon = try FakeDaemon { peer in
            let line = (try? Wire.line(Response<Acknowledged>(id: .number(1), error: refusal))) ?? Data()
            peer.send([UInt8](line) + [0x0A])
        }
        let connection = try Connection(path: daemon.path)
        let parameters = [UInt8](repeating: 0x20, count: 8 << 20)
        #expect(throws: refusal) {
            try connection.answer(to: connection.send(Method.submit, parameters: parameters))
        }
    }

    @Test func tooLongALineIsNotSent() throws {
        let daemon = try FakeDaemon { peer in peer.answer(peer.request(), VersionInfo(version: "1", protocol: 1)) }
        let connection = try Connection(path: daemon.path)
        let long = String(repeating: "x", count: Wire.maximumLineLength)
        guard
            case .tooLong(_, Wire.maximumLineLength) = error({
                try connection.send(Call(.poolPause, PoolSelection(pool: long)))
            })
        else {
            Issue.record("sent")
            return
        }
        #expect(try connection.call(.version).version == "1")
    }

    @Test func aWatchedDescriptorIsServedWhileWaiting() throws {
        let daemon = try FakeDaemon { [version] peer in
            let first = peer.request()
            // Answers the call only after what the watch has sent.
            _ = peer.request()
            peer.answer(first, version)
        }
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        let connection = try Connection(path: daemon.path)
        let (reading, writing) = (ends[0], ends[1])
        let watch = Watch(descriptor: reading) {
            var byte: UInt8 = 0
            _ = read(reading, &byte, 1)
            try connection.send(Call(.drain))
        }
        connection.watches = [watch]
        _ = write(writing, [1], 1)
        #expect(try connection.call(.version) == version)
        connection.watches = []
    }

    @Test func aPathLongerThanAnAddressWorks() throws {
        let part = String(repeating: "d", count: 100)
        let daemon = try FakeDaemon(nested: "\(part)/\(part)") { [version] peer in peer.answer(peer.request(), version) }
        #expect(daemon.path.utf8.count > 200)
        #expect(try Connection(path: daemon.path).call(.version) == version)
    }

    @Test func noSocketIsNoDaemon() {
        let path = "/tmp/there-is-no-\(getpid()).sock"
        #expect(error { _ = try Connection(path: path) } == .noDaemon(path: path, errno: ENOENT))
        let long = "/tmp/" + String(repeating: "d", count: 200) + "/orchd.sock"
        #expect(error { _ = try Connection(path: long) } == .noDaemon(path: long, errno: ENOENT))
    }
}
