import Engine
import OrchProtocol
import Platform
import Scheduling
import SupervisorLink
import Synchronization

/// Takes everything that an engine lets out during a turn, in its order, so that the world may end the engine between any two.
final class EffectTap: SupervisorPort, WorkerPort {
    enum Item: Sendable {
        case message(EngineMessage, [Descriptor])
        case opened(UInt64)
        case toWorker(Int64, [UInt8])
        case received(bytes: Int, of: Int64)
        case forgetWorker(Int64)
        case reply(request: Int, Reply)
        case reloaded(request: Int, Bool)
        case news([Event])
    }

    private let items = Mutex<[Item]>([])

    func add(_ item: Item) { items.withLock { $0.append(item) } }

    func take() -> [Item] {
        items.withLock { items in
            defer { items = [] }
            return items
        }
    }

    func send(_ message: EngineMessage, descriptors: [Descriptor]) { add(.message(message, descriptors)) }
    func send(_ bytes: [UInt8], to worker: Int64) { add(.toWorker(worker, bytes)) }
    func received(_ bytes: Int, of worker: Int64) { add(.received(bytes: bytes, of: worker)) }
    func forget(_ worker: Int64) { add(.forgetWorker(worker)) }
    func open(_ connection: UInt64) { add(.opened(connection)) }
}
