import Foundation
import Synchronization
import Systemd

/// Tells the service manager how things stand, once a second at most.
final class StatusLine: Sendable {
    private let queue = DispatchQueue(label: "orchd.status", qos: .utility)
    private let isPending = Mutex(false)

    func update(_ text: @escaping @Sendable () -> String) {
        let isFirst = isPending.withLock { pending in
            defer { pending = true }
            return !pending
        }
        guard isFirst else { return }
        queue.asyncAfter(deadline: .now() + .seconds(1)) {
            self.isPending.withLock { $0 = false }
            ServiceManager.status(text())
        }
    }
}
