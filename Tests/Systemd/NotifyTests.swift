import Foundation
import Glibc
import Testing

@testable import Systemd

/// The environment belongs to the whole process, so these run one after the other.
@Suite(.serialized) struct NotifyTests {
    /// Runs the body with a notification socket, and answers what was sent to it.
    private func sent(_ body: () -> Void) throws -> [String] {
        let path = NSTemporaryDirectory() + "orchd-notify-\(UUID().uuidString)"
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer {
            close(socket)
            unlink(path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        setenv("NOTIFY_SOCKET", path, 1)
        defer { unsetenv("NOTIFY_SOCKET") }
        body()
        var texts: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while case let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count > 0 {
            texts.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
        return texts
    }

    @Test func messagesHaveTheFormOfSdNotify() throws {
        let texts = try sent {
            ServiceManager.ready(status: "two\nlines")
            ServiceManager.feedWatchdog()
            ServiceManager.extendTimeout(seconds: 2)
            ServiceManager.stopping(status: "bye")
        }
        #expect(
            texts == ["READY=1\nSTATUS=two lines", "WATCHDOG=1", "EXTEND_TIMEOUT_USEC=2000000", "STOPPING=1\nSTATUS=bye"])
    }

    @Test func aServiceManagerThatDoesNotReadIsNotWaitedFor() throws {
        let texts = try sent { for _ in 0..<10_000 { ServiceManager.feedWatchdog() } }
        #expect(!texts.isEmpty && texts.count < 10_000)
    }

    @Test func withoutAServiceManagerNothingHappens() {
        ServiceManager.feedWatchdog()
        #expect(ServiceManager.watchdogInterval == nil)
        #expect(ServiceManager.listeningSocket(named: "control") == nil)
        #expect(!ServiceManager.stderrIsJournal)
    }

    @Test func theWatchdogsIntervalIsRead() {
        setenv("WATCHDOG_USEC", "30000000", 1)
        defer { unsetenv("WATCHDOG_USEC") }
        #expect(ServiceManager.watchdogInterval == 30)
    }
}
