import CLinux
import Glibc
import Platform
import SupervisorLink

@testable import Supervision

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The engine's side of the link, blocking, and everything it has been told.
final class TestEngine {
    let socket: Int32
    private(set) var welcome: SupervisorMessage.Welcome?
    private(set) var waiting: [UInt64] = []
    private(set) var started: [UInt64: StartReport] = [:]
    /// In the order of arrival, with repetitions.
    private(set) var startOrder: [UInt64] = []
    private(set) var ended: [UInt64: EndReport] = [:]
    private(set) var measured: [UInt64: Measures] = [:]
    private(set) var endCount: [UInt64: Int] = [:]
    private(set) var results: [UInt64: String] = [:]
    /// The contents of the files of result directories, up to 4096 bytes of each.
    private(set) var files: [UInt64: [String: String]] = [:]
    private(set) var left: [UInt64: [ResultFiles.Left]] = [:]
    private(set) var channels: [UInt64: Descriptor] = [:]
    private(set) var doors: [UInt64: Descriptor] = [:]
    private(set) var revoked: [UInt64: Bool] = [:]
    private(set) var hasInventory = false
    private(set) var closing: String?
    var acknowledges = true
    private var buffer = [UInt8](repeating: 0, count: LinkProtocol.maximumPacket)

    init(connecting path: String) throws {
        socket = linux_unix_connect(path, Int32(SOCK_SEQPACKET.rawValue))
        guard socket >= 0 else { throw TestFailure("connect: \(-socket)") }
    }

    deinit { close(socket) }

    /// Says hello and takes the inventory.
    func greet() throws {
        try send(.hello(version: LinkProtocol.version, oldest: LinkProtocol.oldestVersion))
        try wait("inventory") { hasInventory }
    }

    func send(_ messages: EngineMessage..., descriptors: [Int32] = []) throws {
        try sendBytes(messages.flatMap { $0.encoded() }, descriptors: descriptors)
    }

    func sendBytes(_ bytes: [UInt8], descriptors: [Int32] = []) throws {
        let result = linux_send_packet(socket, bytes, bytes.count, descriptors, descriptors.count, true)
        guard result == 0 else { throw TestFailure("send: \(-result)") }
    }

    func wait(_ what: String, seconds: Int32 = 30, until condition: () -> Bool) throws {
        while !condition() { try receive(what, seconds) }
    }

    /// Launches, and waits for the end.
    func run(_ order: LaunchOrder, descriptors: [Int32] = []) throws -> EndReport {
        try send(.launch(order), descriptors: descriptors)
        return try end(of: order.attempt)
    }

    func end(of attempt: UInt64) throws -> EndReport {
        try wait("end of \(attempt)") { ended[attempt] != nil }
        guard let report = ended[attempt] else { throw TestFailure("no end of \(attempt)") }
        return report
    }

    func start(of attempt: UInt64) throws -> StartReport {
        try wait("start of \(attempt)") { started[attempt] != nil }
        guard let report = started[attempt] else { throw TestFailure("no start of \(attempt)") }
        return report
    }

    /// Waits until the supervisor has closed the connection.
    func waitForClose() throws {
        while true {
            do { try receive("close", 30) } catch let failure as TestFailure where failure.description == "closed" { return }
        }
    }

    private func receive(_ what: String, _ seconds: Int32) throws {
        var event = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&event, 1, seconds * 1000) > 0 else { throw TestFailure("nothing came while waiting for \(what)") }
        var packet = linux_packet()
        var result = linux_receive_packet(socket, &buffer, buffer.count, true, &packet)
        // It closed with something of ours unread; what it said before is still there.
        if result == -ECONNRESET { result = linux_receive_packet(socket, &buffer, buffer.count, true, &packet) }
        guard result == 0, packet.count > 0 else { throw TestFailure("closed") }
        for message in try SupervisorMessage.decode(buffer[..<packet.count]) { try take(message, packet) }
    }

    private func take(_ message: SupervisorMessage, _ packet: linux_packet) throws {
        switch message {
        case .welcome(let it): welcome = it
        case .waiting(let attempts): waiting += attempts
        case .started(let reports):
            for report in reports {
                started[report.attempt] = report
                startOrder.append(report.attempt)
            }
        case .ended(let reports):
            for report in reports {
                ended[report.attempt] = report
                endCount[report.attempt, default: 0] += 1
            }
            if acknowledges { try send(.acknowledge(attempts: reports.map(\.attempt))) }
        case .measured(let reports): for report in reports { measured[report.attempt] = report.measures }
        case .inventoryEnd: hasInventory = true
        case .closing(let reason): closing = reason
        case .revoked(let attempt, let accepted): revoked[attempt] = accepted
        case .result(let attempt):
            let descriptor = packet.descriptors.0
            results[attempt] = readAll(descriptor)
            close(descriptor)
        case .channel(let attempt): channels[attempt] = Descriptor(packet.descriptors.0)
        case .door(let attempt): doors[attempt] = Descriptor(packet.descriptors.0)
        case .resultFiles(let it):
            let descriptors = withUnsafeBytes(of: packet.descriptors) {
                $0.bindMemory(to: Int32.self).prefix(packet.descriptor_count).map { Descriptor($0) }
            }
            guard descriptors.count == it.names.count else { throw TestFailure("\(descriptors.count) files for \(it.names)") }
            for (name, file) in zip(it.names, descriptors) {
                var bytes = [UInt8](repeating: 0, count: 4096)
                let count = pread(file.number, &bytes, bytes.count, 0)
                files[it.attempt, default: [:]][name] = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            }
            left[it.attempt, default: []] += it.left
        }
    }
}

func readAll(_ descriptor: Int32) -> String {
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = pread(descriptor, &chunk, chunk.count, off_t(text.count))
        guard count > 0 else { return String(decoding: text, as: UTF8.self) }
        text += chunk[..<count]
    }
}
