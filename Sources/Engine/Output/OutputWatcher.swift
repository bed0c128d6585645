import CLinux
import Foundation
import Glibc
import Logging
import Scheduling
import Synchronization

/// Watches the output files of running attempts: wakes those who follow one, and notices when one grows too large.
///
/// It is the kernel that tells (inotify), so silent tasks cost nothing. A task that writes much makes many events; these are taken
/// a batch at a time, so that they cost a little every twentieth of a second and no more.
final class OutputWatcher: Sendable {
    /// Microseconds between two batches.
    private static let pause: UInt32 = 50_000

    private struct State {
        /// By the name of the attempt, `task.number`.
        var live: [String: (id: Int64, entry: LiveAttempts.Entry)] = [:]
        /// How many live attempts a watched directory has, by its path.
        var shards: [String: (watch: Int32, count: Int)] = [:]
        var followers: [String: [Int: @Sendable () -> Void]] = [:]
        var nextFollower = 0
        /// What is known of the growth of each file, by its path.
        var growth: [String: OutputIndex.Growth] = [:]
        var isStopped = false
    }

    private let files: OutputFiles
    private let inbox: Inbox
    private let log: Logger
    private let descriptor: Descriptor
    private let wakeup: Wakeup
    private let state = Mutex(State())

    init(files: OutputFiles, inbox: Inbox, log: Logger) throws(SystemError) {
        self.files = files
        self.inbox = inbox
        self.log = log
        let flags = Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK)
        descriptor = try Descriptor(inotify_init1(flags), "watch files (inotify)")
        wakeup = try Wakeup()
    }

    func start() {
        let thread = Thread { self.run() }
        thread.name = "output"
        thread.start()
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeup.signal()
    }

    func begin(_ id: Int64, _ entry: LiveAttempts.Entry) {
        let name = OutputFiles.name(task: entry.task, attempt: entry.number)
        let shard = files.shard(of: entry.task)
        state.withLock { state in
            guard state.live.updateValue((id, entry), forKey: name) == nil else { return }
            if state.shards[shard] == nil {
                let watch = inotify_add_watch(descriptor.number, shard, UInt32(IN_MODIFY))
                if watch < 0 {
                    log.warning("cannot watch the output of tasks: \(SystemError.text(errno)); see `orchctl doctor`")
                }
                state.shards[shard] = (watch, 0)
            }
            state.shards[shard]?.count += 1
        }
    }

    func end(_ id: Int64, _ entry: LiveAttempts.Entry) {
        let name = OutputFiles.name(task: entry.task, attempt: entry.number)
        let shard = files.shard(of: entry.task)
        let followers = state.withLock { state -> [@Sendable () -> Void] in
            guard state.live.removeValue(forKey: name) != nil else { return [] }
            for kind in OutputFiles.Kind.allCases {
                state.growth[files.path(task: entry.task, attempt: entry.number, kind)] = nil
            }
            state.shards[shard]?.count -= 1
            if let it = state.shards[shard], it.count == 0 {
                inotify_rm_watch(descriptor.number, it.watch)
                state.shards[shard] = nil
            }
            return state.followers[name].map { Array($0.values) } ?? []
        }
        for wake in followers { wake() }
    }

    /// Calls `wake` whenever an attempt has written, and when it has ended. Always from another thread.
    func follow(task: Int64, attempt: Int, _ wake: @escaping @Sendable () -> Void) -> Int {
        let name = OutputFiles.name(task: task, attempt: attempt)
        return state.withLock { state in
            state.nextFollower += 1
            state.followers[name, default: [:]][state.nextFollower] = wake
            return state.nextFollower
        }
    }

    func unfollow(task: Int64, attempt: Int, _ number: Int) {
        let name = OutputFiles.name(task: task, attempt: attempt)
        state.withLock { state in
            state.followers[name]?[number] = nil
            if state.followers[name]?.isEmpty ?? false { state.followers[name] = nil }
        }
    }

    private func run() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !state.withLock({ $0.isStopped }) {
            _ = waitFor([(descriptor.number, POLLIN), (wakeup.descriptor.number, POLLIN)], milliseconds: -1)
            var changed: Set<String> = []
            var isOverflown = false
            while true {
                let count = read(descriptor.number, &buffer, buffer.count)
                guard count > 0 else { break }
                Self.parse(buffer[..<count], &changed, &isOverflown)
            }
            inspect(changed, all: isOverflown)
            usleep(Self.pause)
        }
    }

    /// Takes the names of changed files from events, whose form inotify(7) gives: watch, mask, cookie, length, name.
    private static func parse(_ bytes: ArraySlice<UInt8>, _ changed: inout Set<String>, _ isOverflown: inout Bool) {
        var rest = bytes
        while rest.count >= 16 {
            func word(_ index: Int) -> UInt32 {
                (0..<4).reduce(0) { $0 | UInt32(rest[rest.startIndex + index * 4 + $1]) << (8 * $1) }
            }
            let length = Int(word(3))
            if word(1) & UInt32(IN_Q_OVERFLOW) != 0 { isOverflown = true }
            let name = rest.dropFirst(16).prefix(length).prefix { $0 != 0 }
            // `42.1.out` is of the attempt 42.1.
            if let dot = name.lastIndex(of: UInt8(ascii: ".")) {
                changed.insert(String(decoding: name[..<dot], as: UTF8.self))
            }
            rest = rest.dropFirst(16 + length)
        }
    }

    private func inspect(_ changed: Set<String>, all: Bool) {
        let (live, followers) = state.withLock { state in
            let names = all ? Set(state.live.keys) : changed
            return (names.compactMap { state.live[$0] }, names.flatMap { state.followers[$0].map { Array($0.values) } ?? [] })
        }
        for (id, entry) in live {
            var total: Int64 = 0
            for kind in [OutputFiles.Kind.out, .err] {
                let size = files.size(task: entry.task, attempt: entry.number, kind)
                total += size
                index(files.path(task: entry.task, attempt: entry.number, kind), size)
            }
            if total > entry.outputLimit { inbox.push([.outputLimitReached(attempt: id)]) }
        }
        for wake in followers { wake() }
    }

    private func index(_ path: String, _ size: Int64) {
        guard size > 0 else { return }
        let now = Clock.now().wall
        state.withLock { state in
            guard var growth = state.growth[path] else {
                state.growth[path] = OutputIndex.Growth(since: now, size: size)
                return
            }
            growth.note(size: size, at: now, path: path)
            state.growth[path] = growth
        }
    }
}
