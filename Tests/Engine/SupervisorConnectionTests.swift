import Glibc
import OrchProtocol
import Platform
import SupervisorLink
import Testing

@testable import Engine

/// The engine's side of the link, and a supervisor that takes its time.
@Suite struct SupervisorConnectionTests {
    /// A connection whose other end the test holds.
    private final class Line {
        let connection: SupervisorConnection
        let theirs: Descriptor

        /// - Parameter room: bytes that the socket holds, as the kernel counts them; 0 for what is usual.
        init(room: Int32 = 0) throws {
            var pair: [Int32] = [-1, -1]
            #expect(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
            theirs = try Descriptor(pair[1], "make a pair of sockets")
            connection = SupervisorConnection(socket: try Descriptor(pair[0], "make a pair of sockets"), wakeup: try Wakeup())
            if room > 0 {
                var size = room
                #expect(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size)) == 0)
            }
            connection.open()
        }

        /// The next message, where there is one: with the descriptor that came along.
        func next() -> (message: EngineMessage?, descriptor: Descriptor?)? {
            var bytes = [UInt8](repeating: 0, count: LinkProtocol.maximumPacket)
            var control = [UInt8](repeating: 0, count: 256)
            let count = bytes.withUnsafeMutableBytes { bytes in
                control.withUnsafeMutableBytes { control in
                    var vector = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                    return withUnsafeMutablePointer(to: &vector) { vector in
                        var header = msghdr(
                            msg_name: nil, msg_namelen: 0, msg_iov: vector, msg_iovlen: 1, msg_control: control.baseAddress,
                            msg_controllen: control.count, msg_flags: 0)
                        return recvmsg(theirs.number, &header, Int32(MSG_DONTWAIT))
                    }
                }
            }
            guard count > 0 else { return nil }
            // The one descriptor stands behind the header of 16 bytes.
            let hasDescriptor = control[0] > 0
            let number = control.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 16, as: Int32.self) }
            var descriptor: Descriptor?
            if hasDescriptor { descriptor = try? Descriptor(number, "receive a descriptor") }
            guard isInMemory(bytes[..<count]) else { return (try? EngineMessage.decode(bytes[..<count]).first, descriptor) }
            var size = stat()
            guard let descriptor, fstat(descriptor.number, &size) == 0 else { return (nil, nil) }
            var content = [UInt8](repeating: 0, count: Int(size.st_size))
            _ = pread(descriptor.number, &content, content.count, 0)
            return (try? EngineMessage.decode(content[...]).first, nil)
        }

        /// Sends what waits and reads what comes, until nothing more does.
        func all() -> [EngineMessage?] {
            var messages: [EngineMessage?] = []
            while true {
                while let (message, _) = next() { messages.append(message) }
                guard connection.backlog != .none else { return messages }
                connection.flush()
            }
        }
    }

    private static func order(_ attempt: UInt64, _ length: Int) -> LaunchOrder {
        LaunchOrder(
            attempt: attempt, name: "\(attempt).1", pool: "p",
            arguments: ["true", ByteString(String(repeating: "x", count: length))])
    }

    /// Nobody reads until everything has been said: all of it comes, in its order, whatever the size, also what goes through memory.
    @Test(arguments: [0, 20_000] as [Int32]) func whatAFullSocketHasNotTakenComesLaterAndInOrder(room: Int32) throws {
        let line = try Line(room: room)
        var said: [EngineMessage] = []
        for attempt in 1...UInt64(800) {
            let message: EngineMessage
            switch attempt % 4 {
            case 0: message = .stop(attempt: attempt, grace: 5)
            case 1: message = .launch(Self.order(attempt, 10))
            case 2: message = .launch(Self.order(attempt, 5_000))
            default: message = attempt % 100 == 3 ? .launch(Self.order(attempt, 100_000)) : .revoke(attempt: attempt)
            }
            said.append(message)
            line.connection.send(message, descriptors: [])
        }
        #expect(line.connection.backlog == .full)
        #expect(line.all() == said)
        line.connection.send(.revoke(attempt: 1), descriptors: [])
        #expect(line.all() == [.revoke(attempt: 1)])
    }

    /// An older supervisor would end the connection, and with it everybody else's orders.
    @Test(arguments: [4, 5] as [UInt32]) func whatAnOlderSupervisorDoesNotTakeIsNotSaid(version: UInt32) throws {
        let line = try Line()
        line.connection.speak(version: version)
        var order = Self.order(1, 1)
        order.arguments.append(ByteString([0xFF]))
        line.connection.send(.launch(order), descriptors: [])
        line.connection.send(.revoke(attempt: 1), descriptors: [])
        #expect(line.all() == (version == 4 ? [] : [.launch(order)]) + [.revoke(attempt: 1)])
    }

    @Test func whatIsSaidToOneThatHasGoneIsForgotten() throws {
        var line: Line? = try Line()
        let connection = try #require(line?.connection)
        for attempt in 1...UInt64(500) { connection.send(.launch(Self.order(attempt, 5_000)), descriptors: []) }
        #expect(connection.backlog == .full)
        line = nil
        connection.flush()
        #expect(connection.backlog == .none)
        connection.send(.revoke(attempt: 1), descriptors: [])
        #expect(connection.backlog == .none)
    }

    @Test func beforeTheInventoryNothingIsSaidButHello() throws {
        var pair: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
        defer { close(pair[1]) }
        let connection = SupervisorConnection(socket: try Descriptor(pair[0], "make a pair of sockets"), wakeup: try Wakeup())
        connection.send(.revoke(attempt: 1), descriptors: [])
        connection.greet()
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = recv(pair[1], &bytes, bytes.count, Int32(MSG_DONTWAIT))
        let hello = EngineMessage.hello(version: LinkProtocol.version, oldest: LinkProtocol.oldestVersion)
        #expect(try EngineMessage.decode(bytes[..<max(0, count)]) == [hello])
        #expect(recv(pair[1], &bytes, bytes.count, Int32(MSG_DONTWAIT)) == -1)
    }
}
