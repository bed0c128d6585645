import CLinux
import Glibc
import Synchronization

/// Starts a thread of its own for work that blocks, or that others must not wait for.
///
/// Foundation's `Thread` says nothing where the system has no thread to give, and the work is then never done; libdispatch makes the
/// caller wait until there is one. Here the caller learns of it at once.
///
/// - Parameters:
///   - name: as `ps -L` shows it; at most 15 bytes.
///   - stack: in bytes; what the system gives (8 MiB) where it is nil.
/// - Throws: ``SystemError`` if no thread can be started (`ulimit -u`, `TasksMax=`).
public func startThread(_ name: StaticString, stack: Int? = nil, _ work: @escaping @Sendable () -> Void) throws(SystemError) {
    final class Box: Sendable {
        let name: StaticString
        let work: @Sendable () -> Void
        init(_ name: StaticString, _ work: @escaping @Sendable () -> Void) { (self.name, self.work) = (name, work) }
    }
    assert(name.utf8CodeUnitCount < 16, "the kernel keeps 15 bytes of a thread's name")
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    if let stack { pthread_attr_setstacksize(&attributes, stack) }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(name, work))
    let result = pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument else { return nil }
            let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
            linux_name_thread("\(box.name)")
            box.work()
            return nil
        }, box.toOpaque())
    guard result != 0 else { return }
    box.release()
    throw SystemError("start a thread", code: result)
}

/// Counts what one thread has done for another that waits for it (sem_overview(7)).
public final class Semaphore: Sendable {
    private nonisolated(unsafe) let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    public init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    public func signal() { sem_post(semaphore) }

    public func wait() {
        while sem_wait(semaphore) != 0 && errno == EINTR {}
    }
}

/// Work that is done one after another, beside the thread that asks for it.
///
/// Its thread is there from the beginning. Where tasks have used up all processes of the user, nobody who asks waits for a new one.
public final class SerialQueue: Sendable {
    private final class Line: Sendable {
        private let waiting = Mutex<[@Sendable () -> Void]>([])
        private let count = Semaphore()

        func add(_ work: @escaping @Sendable () -> Void) {
            waiting.withLock { $0.append(work) }
            count.signal()
        }

        /// Returns when it finds nothing where there should be something: the sign of the end.
        func run() {
            while true {
                count.wait()
                let all = waiting.withLock { waiting in
                    defer { waiting = [] }
                    return waiting
                }
                guard !all.isEmpty else { return }
                for (number, work) in all.enumerated() {
                    if number > 0 { count.wait() }
                    work()
                }
            }
        }

        func end() { count.signal() }
    }

    private let line = Line()

    /// - Throws: ``SystemError`` if its thread cannot be started.
    public init(_ name: StaticString) throws(SystemError) {
        try startThread(name) { [line] in line.run() }
    }

    /// What was asked for is still done.
    deinit { line.end() }

    public func async(_ work: @escaping @Sendable () -> Void) { line.add(work) }

    /// Returns when all that was asked for before is done. Not for work on this queue.
    public func waitUntilIdle() {
        let done = Semaphore()
        line.add { done.signal() }
        done.wait()
    }
}
